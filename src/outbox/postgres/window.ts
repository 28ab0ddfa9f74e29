import { createMemoryQueue, type MemoryQueue } from '../memory-queue.js';
import type { DuePlace, PendingNotification } from '../outbox.js';
import type { LaneName, PendingRow } from './read-rows.js';

/**
 * The rows of an outbox that its leader has in memory: a bounded number of those that may be delivered now, in the order in which
 * they were read. Within a lane that is the order of `seq`. To a delivery, the window is the outbox.
 *
 * A lane that is not wholly in the window is closed: its rows are left out wherever they are read, except when the lane itself is
 * read. And a row only follows the one that is before it in the table, if there is one: else something of its lane was left out
 * while its head waited, and somebody else has settled that head, so the lane is read by itself. So none can overtake another.
 */
export interface RowWindow {
  readonly size: number;
  readonly bytes: number;
  /** Puts rows at the end, but for those that are here, and those of lanes to be read by themselves. Returns what was added. */
  add(rows: readonly PendingRow[]): readonly PendingNotification[];
  /** As `add`, for rows of lanes that were read by themselves. */
  addLanes(lanes: readonly LaneName[], rows: readonly PendingRow[]): readonly PendingNotification[];
  find(target: string, id: string): PendingNotification | undefined;
  /** This one stays as it is, but for the number of its attempts. */
  keep(target: string, id: string, attempts: number): void;
  /** This one is settled for good. What is being read may still follow it, until `forgetSettled`. */
  remove(target: string, id: string): void;
  forgetSettled(): void;
  /** Closes a lane until `open`: its head begins to wait. */
  close(lane: LaneName): void;
  /** Removes what is here of a lane. */
  removeLane(lane: LaneName): void;
  open(lane: LaneName): void;
  /** The closed lanes of which nothing is here any more, though there may be more in the table; and after which row. */
  lanesToRead(): readonly (LaneName & { readonly after: number })[];
  /** The ids of the heads that were due when they were read; the table still has them as due. */
  dueIds(): readonly string[];
  clear(): void;
  readonly queueOf: (target: string) => Pick<MemoryQueue, 'readAfter' | 'nextInLane' | 'readDue'>;
}

interface Entry {
  readonly pending: PendingNotification;
  readonly seq: number;
}

/** A lane whose rows are read by themselves. */
interface ReadLane extends LaneName {
  /** How many of its rows are in the window. */
  left: number;
  /** The last one that was read. */
  after: number;
  /** Its head when it was read, which was due. */
  readonly headId: string | undefined;
}

export function createRowWindow(): RowWindow {
  const queues = new Map<string, MemoryQueue>();
  const entries = new Map<string, Entry>();
  /** How often a lane was closed and not yet opened: while its head's wait is being stored. */
  const closed = new Map<string, number>();
  const readLanes = new Map<string, ReadLane>();
  /** Of the rows that are here, and of those that were settled while something was being read. */
  const seqs = new Set<number>();
  let settledSeqs: number[] = [];

  const queueOf = (target: string): MemoryQueue => {
    const queue = queues.get(target) ?? createMemoryQueue();
    queues.set(target, queue);
    return queue;
  };

  const addRow = (row: PendingRow): PendingNotification | undefined => {
    const key = keyOf(row.target, row.id);
    if (entries.has(key)) return undefined;
    const { attempts } = row;
    const queue = queueOf(row.target);
    const added = queue.add(row, row.acceptedAt);
    const pending = attempts === 0 ? added : { ...added, attempts };
    if (attempts > 0) queue.replace(pending);
    entries.set(key, { pending, seq: row.seq });
    seqs.add(row.seq);
    return pending;
  };

  const removeEntry = (key: string, { pending }: Entry): void => {
    entries.delete(key);
    queueOf(pending.target).remove(pending);
    queueOf(pending.target).ids.delete(pending.id);
    const lane = readLanes.get(keyOf(pending.target, pending.lane));
    if (lane !== undefined) lane.left -= 1;
  };

  return {
    get size() {
      return entries.size;
    },
    get bytes() {
      let bytes = 0;
      for (const queue of queues.values()) bytes += queue.pendingBytes;
      return bytes;
    },

    add(rows) {
      const added: PendingNotification[] = [];
      for (const row of rows) {
        const { target, lane, before } = row;
        const key = keyOf(target, lane);
        if (closed.has(key) || readLanes.has(key)) continue;
        if (before === undefined || seqs.has(before) || seqs.has(row.seq)) {
          const pending = addRow(row);
          if (pending !== undefined) added.push(pending);
        } else readLanes.set(key, { target, lane, left: 0, after: 0, headId: undefined });
      }
      return added;
    },

    addLanes(lanes, rows) {
      const added: PendingNotification[] = [];
      for (const name of lanes) {
        const key = keyOf(name.target, name.lane);
        const ofLane = rows.filter(({ target, lane }) => target === name.target && lane === name.lane);
        const last = ofLane.at(-1);
        // Read to its end: what comes to it from now on is read with everything else.
        if (last === undefined) readLanes.delete(key);
        if (last === undefined || closed.has(key)) continue;
        const pending = ofLane.map(addRow).filter(isDefined);
        const headId = readLanes.get(key)?.headId ?? ofLane[0]?.id;
        readLanes.set(key, { ...name, left: pending.length, after: last.seq, headId });
        added.push(...pending);
      }
      return added;
    },

    find: (target, id) => entries.get(keyOf(target, id))?.pending,

    keep(target, id, attempts) {
      const key = keyOf(target, id);
      const entry = entries.get(key);
      if (entry === undefined) return;
      const pending = { ...entry.pending, attempts };
      entries.set(key, { ...entry, pending });
      queueOf(target).replace(pending);
    },

    remove(target, id) {
      const key = keyOf(target, id);
      const entry = entries.get(key);
      if (entry === undefined) return;
      removeEntry(key, entry);
      settledSeqs.push(entry.seq);
    },

    forgetSettled() {
      for (const seq of settledSeqs) seqs.delete(seq);
      settledSeqs = [];
    },

    close({ target, lane }) {
      const key = keyOf(target, lane);
      closed.set(key, (closed.get(key) ?? 0) + 1);
    },

    open({ target, lane }) {
      const key = keyOf(target, lane);
      const count = (closed.get(key) ?? 0) - 1;
      if (count > 0) closed.set(key, count);
      else closed.delete(key);
    },

    removeLane({ target, lane }) {
      const queue = queueOf(target);
      for (let next = queue.nextInLane(lane, 0); next !== undefined; next = queue.nextInLane(lane, 0)) {
        const key = keyOf(target, next.id);
        const entry = entries.get(key) ?? { pending: next, seq: 0 };
        removeEntry(key, entry);
        seqs.delete(entry.seq);
      }
      readLanes.delete(keyOf(target, lane));
    },

    lanesToRead: () => [...readLanes.values()].filter(({ left }) => left <= 0),
    dueIds: () => [...readLanes.values()].map(({ headId }) => headId).filter(isDefined),

    clear() {
      queues.clear();
      entries.clear();
      closed.clear();
      readLanes.clear();
      seqs.clear();
      settledSeqs = [];
    },

    queueOf,
  };
}

/** What a delivery reads of a window. */
export function readingOf({ queueOf }: RowWindow): {
  readAfter(target: string, after: number, limit: number): PendingNotification[];
  nextInLane(target: string, lane: string, after: number): PendingNotification | undefined;
  readDue(target: string, after: DuePlace, until: number, limit: number): PendingNotification[];
} {
  return {
    readAfter: (target, after, limit) => queueOf(target).readAfter(after, limit),
    nextInLane: (target, lane, after) => queueOf(target).nextInLane(lane, after),
    readDue: (target, after, until, limit) => queueOf(target).readDue(after, until, limit),
  };
}

/** Neither a target's name nor an id has a line break. */
function keyOf(target: string, name: string): string {
  return `${target}\n${name}`;
}

function isDefined<Value>(value: Value | undefined): value is Value {
  return value !== undefined;
}
