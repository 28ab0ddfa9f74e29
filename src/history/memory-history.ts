import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { minutesKeptMs, sumOfMinutes, type History, type MinuteCounts, type OutboxProcess } from './history.js';

/** The history of a process that shares its outbox with no other. It ends with the process. */
export function createMemoryHistory(now: () => number): History {
  const id = randomUUID();
  const minutes = new Map<string, MinuteCounts>();
  let own: OutboxProcess | undefined;
  return {
    report({ process: { startedAt, leadsSince, targets }, minutes: addedMinutes }) {
      const seenAt = now();
      own = { id, name: hostname(), pid: process.pid, startedAt, seenAt, isLeader: leadsSince !== null, targets };
      for (const added of addedMinutes) {
        const key = `${String(added.startAt)} ${added.target}`;
        const found = minutes.get(key);
        minutes.set(key, found === undefined ? added : sumOfMinutes(found, added));
      }
      for (const [key, { startAt }] of minutes) {
        if (startAt >= seenAt - minutesKeptMs) break;
        minutes.delete(key);
      }
      return Promise.resolve();
    },
    processes: () => Promise.resolve(own === undefined ? [] : [own]),
    minutes: (from) => Promise.resolve([...minutes.values()].filter(({ startAt }) => startAt >= from)),
    close() {
      own = undefined;
      return Promise.resolve();
    },
  };
}
