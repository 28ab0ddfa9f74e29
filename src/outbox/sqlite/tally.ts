import { noCounts, sumOfCounts, type OutboxCounts } from '../outbox.js';
import { countsIn, fromText, storedTarget, targetLimit, toText, type StoredTarget } from './rows.js';
import type { SqliteDatabase, SqliteRow } from './sqlite-driver.js';
import { damaged } from './sqlite-errors.js';

/** The targets of a file and the counts of each, stored in the file, because every process that shares it counts. */
export interface Tally {
  /** The target with this name; undefined if nothing was ever accepted for it. */
  find(name: string): StoredTarget | undefined;
  /** The target with this stored name. Throws if there is none, which means damage. */
  stored(text: unknown): StoredTarget;
  readonly names: () => string[];
  /** Whether the target ever used this position; a damaged row may have one that it did not. */
  hasUsed(target: StoredTarget, position: number): boolean;
  /** The counts of one target, or of all. Throws if they cannot be right, which means damage. */
  readonly counts: (name?: string) => OutboxCounts;
  /** What is pending for all targets together. */
  total(): Pick<OutboxCounts, 'pending' | 'pendingBytes'>;

  // Only within a transaction:

  /** Counts this many as pending, and returns the position before theirs. Adds the target if necessary. */
  reserve(name: string, added: Added, usedTo?: number): Reserved;
  /** Undoes a part of the last `reserve`. */
  release(target: StoredTarget, added: Added): void;
  countRemoved(target: StoredTarget, removed: Added): void;
  countDead(target: StoredTarget, change: number): void;
  /** The transaction was rolled back, and a target that it added is gone. */
  onRollback(): void;
}

/** Pending notifications that are added or removed. */
export interface Added {
  count: number;
  /** Of their bodies together. */
  bytes: number;
}

export interface Reserved {
  readonly target: StoredTarget;
  readonly after: number;
}

export function prepareTally(database: SqliteDatabase): Tally {
  const known = new Map<string, StoredTarget>();
  /** The highest position that is known to be used, by target. */
  const given = new Map<string, number>();
  const selectNumber = database.prepare('SELECT number FROM tally WHERE target = ?');
  const selectLast = database.prepare('SELECT last_position FROM tally WHERE target = ?');
  const selectNames = database.prepare('SELECT target FROM tally ORDER BY number');
  const selectCounts = database.prepare(
    `SELECT number, tally.target, tally.pending, pending_bytes, dead,
       oldest.target AS oldest_target, oldest.accepted_at AS oldest_accepted_at
     FROM tally LEFT JOIN pending AS oldest ON oldest.position =
       (SELECT min(position) FROM pending WHERE position > number * ${targetLimit} AND position < (number + 1) * ${targetLimit})
     ORDER BY number`,
  );
  const selectStray = database.prepare(
    `SELECT position FROM pending WHERE position > (SELECT max(number) + 1 FROM tally) * ${targetLimit} LIMIT 1`,
  );
  const selectTotal = database.prepare('SELECT sum(pending) AS pending, sum(pending_bytes) AS bytes FROM tally');
  const insert = database.prepare('INSERT INTO tally (target) VALUES (?)');
  const reserve = database.prepare(
    `UPDATE tally SET last_position = last_position + ?1, pending = pending + ?1, pending_bytes = pending_bytes + ?2,
       used_to = max(used_to, ?3)
     WHERE target = ?4 RETURNING number, last_position`,
  );
  const release = database.prepare(
    `UPDATE tally SET last_position = last_position - ?1, pending = pending - ?1, pending_bytes = pending_bytes - ?2
     WHERE target = ?3`,
  );
  const remove = database.prepare(
    'UPDATE tally SET pending = pending - ?, pending_bytes = pending_bytes - ? WHERE target = ?',
  );
  const addDead = database.prepare('UPDATE tally SET dead = dead + ? WHERE target = ?');

  const remember = (name: string, number: unknown): StoredTarget => {
    const target = known.get(name) ?? storedTarget(name, number);
    known.set(name, target);
    return target;
  };

  const find = (name: string): StoredTarget | undefined => {
    const target = known.get(name);
    if (target !== undefined) return target;
    const row = selectNumber.get(toText(name)) as SqliteRow | undefined;
    return row === undefined ? undefined : remember(name, row['number']);
  };

  return {
    find,
    stored(text) {
      const target = typeof text === 'string' ? find(fromText(text)) : undefined;
      if (target === undefined) throw damaged('a row is of no known target');
      return target;
    },
    names: () => selectNames.all().map((row) => fromText(String((row as SqliteRow)['target']))),
    hasUsed({ text }, position) {
      if (position <= (given.get(text) ?? 0)) return true;
      const last = Number((selectLast.get(text) as SqliteRow | undefined)?.['last_position']);
      given.set(text, last);
      return position <= last;
    },
    counts(name) {
      const rows = selectCounts.all() as SqliteRow[];
      // The first target exists from the start.
      if (rows[0]?.['number'] !== 0 || selectStray.get() !== undefined) throw damaged('a target of it is gone');
      const text = name === undefined ? undefined : toText(name);
      let sum = noCounts;
      for (const row of rows) {
        // Those of other targets are checked as well.
        const counts = countsIn(row);
        if ((text ?? row['target']) === row['target']) sum = sumOfCounts(sum, counts);
      }
      return sum;
    },
    total() {
      const { pending, bytes } = selectTotal.get() as SqliteRow;
      return { pending: Number(pending), pendingBytes: Number(bytes) };
    },
    reserve(name, { count, bytes }, usedTo = 0) {
      const text = toText(name);
      let row = reserve.get(count, bytes, usedTo, text) as SqliteRow | undefined;
      if (row === undefined) {
        insert.run(text);
        row = reserve.get(count, bytes, usedTo, text) as SqliteRow;
      }
      const last = row['last_position'];
      if (typeof last !== 'number' || last < count || last >= targetLimit) throw damaged('its last position is wrong');
      given.set(text, last);
      return { target: remember(name, row['number']), after: last - count };
    },
    release({ text }, { count, bytes }) {
      release.run(count, bytes, text);
    },
    countRemoved({ text }, { count, bytes }) {
      remove.run(count, bytes, text);
    },
    countDead({ text }, change) {
      addDead.run(change, text);
    },
    onRollback() {
      known.clear();
      given.clear();
    },
  };
}
