import type { Use } from '../core/steady-clock.js';
import type {
  AcceptedNotification,
  DeadLetter,
  DuePlace,
  Outbox,
  OutboxCounts,
  PendingNotification,
  Room,
  Settlement,
} from './outbox.js';
import { firstPending } from './first-pending.js';

interface DeadEntry {
  readonly letter: DeadLetter;
  readonly notification: AcceptedNotification;
}

/**
 * The reference: the contract in its plainest form, in memory. What it holds ends with the process, so it is for tests
 * and for apps that can afford to lose notifications.
 */
export function createMemoryOutbox(): Outbox {
  // Both maps are in the order of their positions, because positions only grow and entries are only added at the end.
  const pending = new Map<number, PendingNotification>();
  const dead = new Map<number, DeadEntry>();
  const lanes = new Map<string, Set<number>>();
  const ids = new Set<string>();
  let lastPosition = 0;
  let lastDeadPosition = 0;
  let pendingBytes = 0;
  let lastUse: Use = { from: 0, to: 0 };

  const enqueue = (notification: AcceptedNotification, acceptedAt: number): PendingNotification => {
    lastPosition += 1;
    const body = Buffer.from(notification.body);
    const entry = firstPending(notification, { body, position: lastPosition, acceptedAt });
    pending.set(lastPosition, entry);
    pendingBytes += body.byteLength;
    const lane = lanes.get(notification.lane) ?? new Set();
    lanes.set(notification.lane, lane.add(lastPosition));
    return entry;
  };

  const dequeue = (entry: PendingNotification): void => {
    pending.delete(entry.position);
    pendingBytes -= entry.body.byteLength;
    const lane = lanes.get(entry.lane);
    lane?.delete(entry.position);
    if (lane?.size === 0) lanes.delete(entry.lane);
  };

  const bury = (entry: PendingNotification, settlement: Extract<Settlement, { kind: 'dead' }>): void => {
    lastDeadPosition += 1;
    const { id, type, lane, occurredAt, body, traceparent } = entry;
    const { attempts, diedAt, reason } = settlement;
    dead.set(lastDeadPosition, {
      letter: { id, type, lane, occurredAt, diedAt, attempts, reason, position: lastDeadPosition },
      notification: { id, type, lane, occurredAt, body, traceparent },
    });
  };

  const removeDead = (entry: DeadEntry): void => {
    dead.delete(entry.letter.position);
  };

  const redeliver = (chosen: readonly DeadEntry[], at: number): number => {
    for (const entry of chosen) {
      removeDead(entry);
      enqueue(entry.notification, at);
    }
    return chosen.length;
  };

  return {
    append(notifications, room = unlimited, at) {
      const added = new Map<string, AcceptedNotification>();
      for (const notification of notifications) {
        const { id } = notification;
        if (!ids.has(id) && !added.has(id)) added.set(id, notification);
      }
      if (pending.size + added.size > room.count || pendingBytes + bytesOf(added.values()) > room.bytes)
        return undefined;
      lastUse = { ...lastUse, to: Math.max(lastUse.to, at ?? 0) };
      return Array.from(added.values(), (notification) => {
        ids.add(notification.id);
        return enqueue(notification, at ?? notification.occurredAt);
      });
    },

    readAfter(after, limit) {
      const found: PendingNotification[] = [];
      for (let position = after + 1; position <= lastPosition && found.length < limit; position += 1) {
        const entry = pending.get(position);
        if (entry !== undefined) found.push(entry);
      }
      return found;
    },

    nextInLane(lane, after) {
      for (const position of lanes.get(lane) ?? []) if (position > after) return pending.get(position);
      return undefined;
    },

    readDue(after, until, limit) {
      // Kept in order and short: a limit is small, and many may wait.
      const found: PendingNotification[] = [];
      for (const entry of pending.values()) {
        if (entry.nextAttemptAt === 0 || entry.nextAttemptAt > until || !isDueBefore(after, entry)) continue;
        const last = found.at(-1);
        if (found.length >= limit && (last === undefined || !isDueBefore(entry, last))) continue;
        const index = found.findIndex((other) => isDueBefore(entry, other));
        found.splice(index === -1 ? found.length : index, 0, entry);
        if (found.length > limit) found.pop();
      }
      return found;
    },

    settle(settlements) {
      for (const settlement of settlements) {
        const entry = pending.get(settlement.position);
        if (entry?.id !== settlement.id) continue;
        if (settlement.kind === 'retry') {
          const { attempts, nextAttemptAt } = settlement;
          pending.set(entry.position, { ...entry, attempts, nextAttemptAt });
          continue;
        }
        dequeue(entry);
        if (settlement.kind === 'dead') bury(entry, settlement);
        else ids.delete(entry.id);
      }
    },

    counts(): OutboxCounts {
      const oldest = pending.values().next().value;
      return { pending: pending.size, pendingBytes, dead: dead.size, oldestAcceptedAt: oldest?.acceptedAt };
    },

    listDead({ limit, before = Infinity, search = '' }) {
      return [...dead.values()]
        .map((entry) => entry.letter)
        .filter((letter) => letter.position < before && mentions(letter, search.toLowerCase()))
        .reverse()
        .slice(0, limit);
    },

    find(id) {
      const waiting = [...pending.values()].find((candidate) => candidate.id === id);
      if (waiting !== undefined) return { state: 'pending', ...waiting };
      const entry = [...dead.values()].find((candidate) => candidate.letter.id === id);
      if (entry === undefined) return undefined;
      const { body, traceparent } = entry.notification;
      return { state: 'dead', ...entry.letter, body: Buffer.from(body), traceparent };
    },

    redeliver(id, at) {
      return redeliver(
        [...dead.values()].filter((entry) => entry.letter.id === id),
        at,
      );
    },

    redeliverOldest(upTo, limit, at) {
      const oldest = [...dead.values()].filter((entry) => entry.letter.position <= upTo);
      return redeliver(oldest.slice(0, limit), at);
    },

    discard(id) {
      const entry = [...dead.values()].find((candidate) => candidate.letter.id === id);
      if (entry === undefined) return false;
      removeDead(entry);
      ids.delete(id);
      return true;
    },

    expireDead(before, limit) {
      const expired = [...dead.values()].filter(({ letter: { diedAt } }) => diedAt < before).slice(0, limit);
      for (const entry of expired) {
        removeDead(entry);
        ids.delete(entry.letter.id);
      }
      return expired.length;
    },

    lastUse: () => lastUse,

    noteUse({ from, to }) {
      const isEmpty = pending.size + dead.size === 0;
      lastUse = { from, to: isEmpty ? to : Math.max(lastUse.to, to) };
    },

    hasForeignChanges: () => false,

    generation: 0,

    maintain() {
      // Memory looks after itself.
    },

    close() {
      // Nothing to give back: the memory goes with the object.
    },
  };
}

function isDueBefore(a: DuePlace, b: DuePlace): boolean {
  return a.nextAttemptAt === b.nextAttemptAt ? a.position < b.position : a.nextAttemptAt < b.nextAttemptAt;
}

function mentions({ id, type, lane, reason }: DeadLetter, text: string): boolean {
  const { kind, status, detail } = reason;
  return [id, type, lane, kind, String(status ?? ''), detail].some((part) => part.toLowerCase().includes(text));
}

const unlimited: Room = { count: Infinity, bytes: Infinity };

function bytesOf(notifications: Iterable<AcceptedNotification>): number {
  let bytes = 0;
  for (const { body } of notifications) bytes += Buffer.byteLength(body);
  return bytes;
}
