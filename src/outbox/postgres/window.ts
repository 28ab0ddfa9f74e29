import { createMemoryQueue, type MemoryQueue } from '../memory-queue.js';
import type { DuePlace, PendingNotification } from '../outbox.js';
import type { LaneName, PendingRow } from './read-rows.js';

/**
 * The rows of an outbox that its leader has in memory: a bounded number of those that may be delivered now, in the order in which
 * they were read. Within a lane that is the order of `seq`. To a delivery, the window is the outbox.
 *
 * A lane that is not wholly in the window is closed: its rows are left out wherever they are read, except when the lane itself is
 * read. So none can overtake another, and a lane with many rows leaves room for others.
 */
export interface RowWindow {
  readonly size: number;
  readonly bytes: number;
  /** Puts rows at the end, but for those that are here, and those of closed lanes. Returns what was added. */
  add(rows: readonly PendingRow[]): readonly PendingNotification[];
  /** As `add`, for rows of lanes that were read by themselves. */
  addLanes(lanes: readonly LaneName[], rows: readonly PendingRow[]): readonly PendingNotification[];
  find(target: string, id: string): PendingNotification | undefined;
  /** This one stays as it is, but for the number of its attempts. */
  keep(target: string, id: string, attempts: number): void;
  /** This one is settled for good. */
  remove(target: string, id: string): void;
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

/** With so many of its rows here, the rest of a lane is read by itself, when these are done. */
const maxOfLane = 16;

/** What is in the window of a lane. */
interface LanePart extends LaneName {
  /** How many rows. */
  count: number;
  /** The last row that was read. */
  after: number;
  /** Whether the rest is read by itself. */
  isReadAlone: boolean;
  /** Its head when it was read, if that was due. */
  dueId: string | undefined;
}

export function createRowWindow(): RowWindow {
  const queues = new Map<string, MemoryQueue>();
  const entries = new Map<string, PendingNotification>();
  const parts = new Map<string, LanePart>();
  /** How often a lane was closed and not yet opened: while its head's wait is being stored. */
  const closed = new Map<string, number>();

  const queueOf = (target: string): MemoryQueue => {
    const queue = queues.get(target) ?? createMemoryQueue();
    queues.set(target, queue);
    return queue;
  };

  const partOf = ({ target, lane }: LaneName): LanePart => {
    const key = keyOf(target, lane);
    const part = parts.get(key) ?? { target, lane, count: 0, after: 0, isReadAlone: false, dueId: undefined };
    parts.set(key, part);
    return part;
  };

  const addRow = (row: PendingRow): PendingNotification | undefined => {
    const key = keyOf(row.target, row.id);
    if (entries.has(key)) return undefined;
    const { attempts } = row;
    const queue = queueOf(row.target);
    const added = queue.add(row, row.acceptedAt);
    const pending = attempts === 0 ? added : { ...added, attempts };
    if (attempts > 0) queue.replace(pending);
    entries.set(key, pending);
    const part = partOf(row);
    part.count += 1;
    part.after = Math.max(part.after, row.seq);
    return pending;
  };

  /** Adds one that was read with everything else, unless its lane is closed. */
  const addIfOpen = (row: PendingRow): PendingNotification | undefined => {
    const key = keyOf(row.target, row.lane);
    if (closed.has(key)) return undefined;
    const part = parts.get(key);
    if (part === undefined) return addRow(row);
    if (!part.isReadAlone && part.count >= maxOfLane) part.isReadAlone = !entries.has(keyOf(row.target, row.id));
    if (!part.isReadAlone) return addRow(row);
    // One that committed late comes before what was read of its lane.
    if (row.seq <= part.after && !entries.has(keyOf(row.target, row.id))) part.after = row.seq - 1;
    return undefined;
  };

  const removeEntry = (key: string, pending: PendingNotification): void => {
    entries.delete(key);
    const queue = queueOf(pending.target);
    queue.remove(pending);
    queue.ids.delete(pending.id);
    const laneKey = keyOf(pending.target, pending.lane);
    const part = parts.get(laneKey);
    if (part === undefined) return;
    part.count -= 1;
    if (part.count === 0 && !part.isReadAlone) parts.delete(laneKey);
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

    add: (rows) => rows.map(addIfOpen).filter(isDefined),

    addLanes(lanes, rows) {
      const added: PendingNotification[] = [];
      for (const name of lanes) {
        const key = keyOf(name.target, name.lane);
        const ofLane = rows.filter(({ target, lane }) => target === name.target && lane === name.lane);
        const [first] = ofLane;
        const last = ofLane.at(-1);
        if (first === undefined || last === undefined) {
          // Read to its end: what comes to it from now on is read with everything else.
          if (parts.get(key)?.count === 0) parts.delete(key);
          continue;
        }
        if (closed.has(key)) continue;
        const part = partOf(name);
        part.isReadAlone = true;
        part.dueId ??= first.id;
        added.push(...ofLane.map(addRow).filter(isDefined));
        part.after = last.seq;
      }
      return added;
    },

    find: (target, id) => entries.get(keyOf(target, id)),

    keep(target, id, attempts) {
      const key = keyOf(target, id);
      const entry = entries.get(key);
      if (entry === undefined) return;
      const pending = { ...entry, attempts };
      entries.set(key, pending);
      queueOf(target).replace(pending);
    },

    remove(target, id) {
      const key = keyOf(target, id);
      const entry = entries.get(key);
      if (entry !== undefined) removeEntry(key, entry);
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
        removeEntry(keyOf(target, next.id), next);
      }
      parts.delete(keyOf(target, lane));
    },

    lanesToRead: () => [...parts.values()].filter(({ isReadAlone, count }) => isReadAlone && count === 0),
    dueIds: () => [...parts.values()].map(({ dueId }) => dueId).filter(isDefined),

    clear() {
      queues.clear();
      entries.clear();
      closed.clear();
      parts.clear();
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
