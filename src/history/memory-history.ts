import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { minutesKeptMs, type History, type KeptDelivered, type OutboxProcess, type PauseChange } from './history.js';
import { createMemoryTimelines } from './memory-timelines.js';
import { createMemoryTypes } from './memory-types.js';
import { addMinute, type MinuteTotals } from './minute-totals.js';
import { isDifference } from './paused-by-hand.js';

/** The history of a process that shares its outbox with no other. It ends with the process. */
export function createMemoryHistory(now: () => number, keptDelivered: KeptDelivered): History {
  const id = randomUUID();
  const minutes: MinuteTotals = new Map();
  const typeCounts = createMemoryTypes(now);
  const pauseChanges = new Map<string | null, PauseChange>();
  const { add, ...timelines } = createMemoryTimelines(now, keptDelivered);
  let own: OutboxProcess | undefined;
  return {
    report({ process: { startedAt, leadsSince, targets }, minutes: addedMinutes, types, entries, delivered }) {
      const seenAt = now();
      own = { id, name: hostname(), pid: process.pid, startedAt, seenAt, isLeader: leadsSince !== null, targets };
      for (const added of addedMinutes) addMinute(minutes, added);
      for (const [key, { startAt }] of minutes) {
        if (startAt >= seenAt - minutesKeptMs) break;
        minutes.delete(key);
      }
      add({ entries, delivered });
      typeCounts.add(types);
      return Promise.resolve();
    },
    ...timelines,
    processes: () => Promise.resolve(own === undefined ? [] : [own]),
    minutes(from) {
      const wanted = [...minutes.values()].filter(({ startAt }) => startAt >= from);
      return Promise.resolve(wanted.map((counts) => ({ ...counts })));
    },
    countsByType: (from) => typeCounts.countsByType(from),
    pauseChanges: () => Promise.resolve([...pauseChanges.values()]),
    changePause(change) {
      const before = [...pauseChanges.values()];
      if (isDifference(before, change)) {
        // Deleted first, so that the latest is the last.
        pauseChanges.delete(change.target);
        pauseChanges.set(change.target, { ...change, at: now() });
      }
      return Promise.resolve({ before, after: [...pauseChanges.values()] });
    },
    close() {
      own = undefined;
      return Promise.resolve();
    },
  };
}
