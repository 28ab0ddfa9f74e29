import type { DuePlace, PendingNotification } from './outbox.js';

/** Pending notifications of one target, in memory. */
export interface MemoryQueue {
  /** In order of position. */
  readonly pending: ReadonlyMap<number, PendingNotification>;
  readonly pendingBytes: number;
  /** Adds it at the next position, whatever position it may have. */
  add(notification: Omit<PendingNotification, 'position'>): PendingNotification;
  /** Replaces the pending entry at this one's position. */
  replace(entry: PendingNotification): void;
  remove(entry: PendingNotification): void;
  readAfter(after: number, limit: number): PendingNotification[];
  nextInLane(lane: string, after: number): PendingNotification | undefined;
  readDue(after: DuePlace, until: number, limit: number): PendingNotification[];
}

export function createMemoryQueue(): MemoryQueue {
  // In order of position: positions only grow, and entries are only added at the end.
  const pending = new Map<number, PendingNotification>();
  const lanes = new Map<string, Set<number>>();
  let lastPosition = 0;
  let pendingBytes = 0;

  return {
    pending,
    get pendingBytes() {
      return pendingBytes;
    },
    add({ target, id, type, lane, occurredAt, acceptedAt, attempts, nextAttemptAt, traceparent, body }) {
      lastPosition += 1;
      const position = lastPosition;
      // Property by property: a spread would cost a microsecond.
      const entry = {
        target,
        position,
        id,
        type,
        lane,
        occurredAt,
        acceptedAt,
        attempts,
        nextAttemptAt,
        traceparent,
        body,
      };
      pending.set(lastPosition, entry);
      pendingBytes += body.byteLength;
      const positions = lanes.get(lane);
      if (positions === undefined) lanes.set(lane, new Set([lastPosition]));
      else positions.add(lastPosition);
      return entry;
    },

    replace(entry) {
      pending.set(entry.position, entry);
    },

    remove(entry) {
      pending.delete(entry.position);
      pendingBytes -= entry.body.byteLength;
      const lane = lanes.get(entry.lane);
      lane?.delete(entry.position);
      if (lane?.size === 0) lanes.delete(entry.lane);
    },

    readAfter(after, limit) {
      const found: PendingNotification[] = [];
      for (let position = Math.max(after, 0) + 1; position <= lastPosition && found.length < limit; position += 1) {
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
      // Kept sorted and short: the limit is small, but many entries may wait.
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
  };
}

function isDueBefore(a: DuePlace, b: DuePlace): boolean {
  return a.nextAttemptAt === b.nextAttemptAt ? a.position < b.position : a.nextAttemptAt < b.nextAttemptAt;
}
