import { createMemoryQueue, type MemoryQueue } from '../memory-queue.js';
import type { PendingNotification } from '../outbox.js';
import type { LaneName, PendingRow } from './read-rows.js';

/**
 * The rows of an outbox that its leader has in memory: a bounded number of those that may be delivered now, in the order in which
 * they were read. Within a lane that is the order of `seq`. To a delivery, the window is the outbox.
 *
 * A lane that is not wholly in the window is closed: its rows are left out wherever they are read, except when the lane itself is
 * read. And a row only follows the one that is before it in the table, if there is one: else something of its lane was left out
 * while its head waited, and somebody else has settled that head, so the lane is read by itself. So none can overtake another,
 * and a lane with many rows leaves room for others.
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
  /** This one is settled for good. Others may still follow it, until `forgetSettled`. Returns its `seq` if it was here. */
  remove(target: string, id: string): number | undefined;
  /** Nothing is being read that may show what was settled as it was before. */
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

/** With so many rows here, the rest of a lane is read by itself. */
const maxOfLane = 16;

/** What is in the window of a lane. */
interface LanePart extends LaneName {
  /** How many rows. */
  count: number;
  /** The last row that was read. */
  after: number;
  /** Its head when it was read, if that was due. */
  dueId: string | undefined;
}

interface Entry {
  readonly pending: PendingNotification;
  readonly seq: number;
}

/** What is in the window for one target. */
interface TargetRows {
  readonly queue: MemoryQueue;
  /** By id. */
  readonly entries: Map<string, Entry>;
  /** By lane. */
  readonly parts: Map<string, LanePart>;
}

export function createRowWindow(): RowWindow {
  const targets = new Map<string, TargetRows>();
  let size = 0;
  /** The lanes whose rest is read by itself. */
  const readAlone = new Set<LanePart>();
  /** How often a lane was closed and not yet opened: while its head's wait is being stored. */
  const closed = new Map<string, number>();
  /** Of the rows that are here, and of those that were settled while something was being read. */
  const seqs = new Set<number>();
  let settledSeqs: number[] = [];

  const rowsOf = (target: string): TargetRows => {
    const known = targets.get(target);
    if (known !== undefined) return known;
    const rows: TargetRows = { queue: createMemoryQueue(), entries: new Map(), parts: new Map() };
    targets.set(target, rows);
    return rows;
  };

  const partOf = ({ target, lane }: LaneName): LanePart => {
    const { parts } = rowsOf(target);
    const known = parts.get(lane);
    if (known !== undefined) return known;
    const part: LanePart = { target, lane, count: 0, after: 0, dueId: undefined };
    parts.set(lane, part);
    return part;
  };

  const removePart = ({ target, lane }: LaneName): void => {
    const { parts } = rowsOf(target);
    const part = parts.get(lane);
    if (part !== undefined) readAlone.delete(part);
    parts.delete(lane);
  };

  const isClosed = (lane: LaneName): boolean => closed.size > 0 && closed.has(keyOf(lane));

  const addRow = (row: PendingRow): PendingNotification | undefined => {
    const { queue, entries } = rowsOf(row.target);
    if (entries.has(row.id)) return undefined;
    const pending = queue.add(row);
    entries.set(row.id, { pending, seq: row.seq });
    seqs.add(row.seq);
    size += 1;
    const part = partOf(row);
    part.count += 1;
    part.after = Math.max(part.after, row.seq);
    return pending;
  };

  /** Adds one that was read with everything else, unless its lane is closed. */
  const addIfOpen = (row: PendingRow): PendingNotification | undefined => {
    if (isClosed(row)) return undefined;
    const { entries, parts } = rowsOf(row.target);
    const here = entries.get(row.id);
    if (here?.seq === row.seq) return undefined;
    const part = parts.get(row.lane);
    if (part !== undefined && readAlone.has(part)) {
      // One that committed late comes before what was read of its lane.
      if (row.seq <= part.after) part.after = row.seq - 1;
      return undefined;
    }
    const hasGap = row.before !== undefined && !seqs.has(row.before);
    // One with its id is here that has died and was redelivered before we heard of its death.
    const isRedelivered = here !== undefined;
    if (!hasGap && !isRedelivered && (part === undefined || part.count < maxOfLane)) return addRow(row);
    // The rest of the lane is read by itself, once nothing of it is here any more.
    readAlone.add(partOf(row));
    return undefined;
  };

  const removeEntry = ({ pending }: Entry): void => {
    const { queue, entries, parts } = rowsOf(pending.target);
    entries.delete(pending.id);
    queue.remove(pending);
    size -= 1;
    const part = parts.get(pending.lane);
    if (part === undefined) return;
    part.count -= 1;
    if (part.count === 0 && !readAlone.has(part)) parts.delete(pending.lane);
  };

  return {
    get size() {
      return size;
    },
    get bytes() {
      return [...targets.values()].reduce((bytes, { queue }) => bytes + queue.pendingBytes, 0);
    },

    add: (rows) => rows.map(addIfOpen).filter(isDefined),

    addLanes(lanes, rows) {
      const added: PendingNotification[] = [];
      for (const name of lanes) {
        const ofLane = rows.filter(({ target, lane }) => target === name.target && lane === name.lane);
        const [first] = ofLane;
        const last = ofLane.at(-1);
        if (first === undefined || last === undefined) {
          // Read to its end: what comes to it from now on is read with everything else.
          if (rowsOf(name.target).parts.get(name.lane)?.count === 0) removePart(name);
          continue;
        }
        if (isClosed(name)) continue;
        const part = partOf(name);
        readAlone.add(part);
        part.dueId ??= first.id;
        added.push(...ofLane.map(addRow).filter(isDefined));
        part.after = last.seq;
      }
      return added;
    },

    find: (target, id) => targets.get(target)?.entries.get(id)?.pending,

    keep(target, id, attempts) {
      const { queue, entries } = rowsOf(target);
      const entry = entries.get(id);
      if (entry === undefined) return;
      const pending = { ...entry.pending, attempts };
      entries.set(id, { ...entry, pending });
      queue.replace(pending);
    },

    remove(target, id) {
      const entry = rowsOf(target).entries.get(id);
      if (entry === undefined) return undefined;
      removeEntry(entry);
      settledSeqs.push(entry.seq);
      return entry.seq;
    },

    forgetSettled() {
      for (const seq of settledSeqs) seqs.delete(seq);
      settledSeqs = [];
    },

    close(lane) {
      const key = keyOf(lane);
      closed.set(key, (closed.get(key) ?? 0) + 1);
    },

    open(lane) {
      const key = keyOf(lane);
      const count = (closed.get(key) ?? 0) - 1;
      if (count > 0) closed.set(key, count);
      else closed.delete(key);
    },

    removeLane({ target, lane }) {
      const { queue, entries } = rowsOf(target);
      for (let next = queue.nextInLane(lane, 0); next !== undefined; next = queue.nextInLane(lane, 0)) {
        const entry = entries.get(next.id) ?? { pending: next, seq: 0 };
        removeEntry(entry);
        seqs.delete(entry.seq);
      }
      removePart({ target, lane });
    },

    lanesToRead: () => [...readAlone].filter(({ count }) => count === 0),
    dueIds: () => [...readAlone].map(({ dueId }) => dueId).filter(isDefined),

    clear() {
      targets.clear();
      closed.clear();
      readAlone.clear();
      seqs.clear();
      settledSeqs = [];
      size = 0;
    },

    queueOf: (target) => rowsOf(target).queue,
  };
}

/** A target's name has no line break. */
function keyOf({ target, lane }: LaneName): string {
  return `${target}\n${lane}`;
}

function isDefined<Value>(value: Value | undefined): value is Value {
  return value !== undefined;
}
