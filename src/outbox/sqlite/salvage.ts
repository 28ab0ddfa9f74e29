import type { Use } from '../../core/steady-clock.js';
import type { SqliteDatabase, SqliteRow, SqliteStatement, SqliteValue } from './sqlite-driver.js';
import { isUnfit } from './sqlite-errors.js';

const tables = {
  pending: 'id, type, lane, occurred_at, accepted_at, attempts, next_attempt_at, traceparent, body',
  dead: 'id, type, lane, occurred_at, died_at, attempts, reason_kind, reason_status, reason_detail, traceparent, body',
} as const;

/** How much was copied. */
export interface Salvage {
  readonly pending: number;
  readonly dead: number;
  /** Whether there was more than could be read. */
  readonly isIncomplete: boolean;
}

/**
 * Copies what can be read of a damaged outbox, or of one whose file was taken away, into another one, which may have
 * notifications of its own. Damage has a place: rows are read from the front until it is met, and from the back. Both always,
 * because what is damaged may also be a position, which sends the reader far ahead without a word.
 *
 * What comes from the lost one is added behind what the other has, in its own order: a row's place is counted from the first
 * one's. In an empty one each keeps its place. What is there already, by its id, is passed over.
 *
 * Each file goes by the steady clock of whoever used it. Their instants are brought to the one that is further ahead, so that
 * everything is as old as it was when its own file was last in use.
 *
 * Throws when the other outbox cannot take them; nothing is copied then.
 */
export function salvage(from: SqliteDatabase, into: SqliteDatabase): Salvage {
  const copied = { pending: 0, dead: 0 };
  let isIncomplete = false;
  into.exec('BEGIN IMMEDIATE');
  try {
    const aheadMs = bringClocksTogether(from, into);
    for (const table of ['pending', 'dead'] as const) {
      const columns = `position, ${tables[table]}`;
      const insert = into.prepare(
        `INSERT INTO ${table} (${columns}) VALUES (${columns.replace(/\w+/g, '?')}) ON CONFLICT (id) DO NOTHING`,
      );
      const highest = highestPosition(into, table);
      let first: number | undefined;
      const onRow = (read: SqliteRow): void => {
        const row = later(read, aheadMs);
        first ??= Number(row['position']);
        const place = Number(row['position']) + (highest === 0 ? 0 : highest + 1 - first);
        // Behind all others where damage has left it no place of its own.
        const isCopied =
          copyRow({ ...row, position: place }, columns, insert) ?? copyRow({ ...row, position: null }, columns, insert);
        if (isCopied === undefined) isIncomplete = true;
        else if (isCopied) copied[table] += 1;
      };
      const isFrontComplete = readRows(from, table, 'ASC', onRow);
      const isBackComplete = readRows(from, table, 'DESC', onRow);
      if (!isFrontComplete || !isBackComplete) isIncomplete = true;
    }
    // One that is dead here and pending there is tried once more, rather than forgotten.
    into.exec('DELETE FROM dead WHERE id IN (SELECT id FROM pending)');
    countAgain(into);
    into.exec('COMMIT');
  } catch (error) {
    into.exec('ROLLBACK');
    throw error;
  }
  return { ...copied, isIncomplete };
}

/** Whether a row was new; undefined when damage has left it unfit for its table. */
function copyRow(row: SqliteRow, columns: string, insert: SqliteStatement): boolean | undefined {
  const values = columns.split(', ').map((column) => row[column] as SqliteValue);
  try {
    return Number(insert.run(...values).changes) > 0;
  } catch (error) {
    if (isUnfit(error)) return undefined;
    throw error;
  }
}

/** Reads row by row until the end, or until reading fails; answers whether it came to the end. */
function readRows(
  from: SqliteDatabase,
  table: keyof typeof tables,
  direction: 'ASC' | 'DESC',
  onRow: (row: SqliteRow) => void,
): boolean {
  let lastPosition = direction === 'ASC' ? 0 : Number.MAX_SAFE_INTEGER;
  const isBeyond = direction === 'ASC' ? '>' : '<';
  const query =
    `SELECT position, ${tables[table]} FROM ${table} WHERE position ${isBeyond} ? ` +
    `ORDER BY position ${direction} LIMIT 1`;
  let next: SqliteStatement | undefined;
  for (;;) {
    let row: SqliteRow | undefined;
    try {
      next ??= from.prepare(query);
      row = next.get(lastPosition) as SqliteRow | undefined;
    } catch {
      return false;
    }
    if (row === undefined) return true;
    const position = Number(row['position']);
    // A tree that leads back would be walked for ever.
    if (direction === 'ASC' ? !(position > lastPosition) : !(position < lastPosition)) return false;
    onRow(row);
    lastPosition = position;
  }
}

/**
 * Lets `into` go by the clock that is further ahead, and keeps when it was last in use: without that, the next start would take
 * a clock that is ahead for right. Returns by how much that clock is ahead of the one that `from` went by.
 */
function bringClocksTogether(from: SqliteDatabase, into: SqliteDatabase): number {
  const [lost, other] = [lastUseOf(from), lastUseOf(into)];
  // Of a file whose use was never noted, as one of schema 1, the instants are the wall clock's.
  if (lost === undefined || other === undefined || lost.to === 0) return 0;
  if (lost.to <= other.to) return other.to - lost.to;
  into.prepare('UPDATE tally SET used_from = ?, used_to = ?').run(lost.from, lost.to);
  if (other.to > 0) {
    const aheadMs = lost.to - other.to;
    into
      .prepare(
        'UPDATE pending SET accepted_at = accepted_at + ?1, next_attempt_at = next_attempt_at + iif(next_attempt_at, ?1, 0)',
      )
      .run(aheadMs);
    into.prepare('UPDATE dead SET died_at = died_at + ?').run(aheadMs);
  }
  return 0;
}

/** Undefined where it was never noted, or is damaged. */
function lastUseOf(database: SqliteDatabase): Use | undefined {
  let row: SqliteRow | undefined;
  try {
    row = database.prepare('SELECT used_from, used_to FROM tally').get() as SqliteRow | undefined;
  } catch {
    // Damaged, or of a version that did not note it.
    return undefined;
  }
  const [from, to] = [Number(row?.['used_from']), Number(row?.['used_to'])];
  return Number.isSafeInteger(from) && Number.isSafeInteger(to) ? { from, to } : undefined;
}

/** A row whose stored instants are so much later; what is no instant stays as it is. */
function later(row: SqliteRow, aheadMs: number): SqliteRow {
  if (aheadMs === 0) return row;
  const moved = { ...row };
  for (const column of ['accepted_at', 'next_attempt_at', 'died_at']) {
    const instant = row[column];
    if (typeof instant === 'number' && instant > 0) moved[column] = instant + aheadMs;
  }
  return moved;
}

function countAgain(database: SqliteDatabase): void {
  database.exec(
    `UPDATE tally SET pending = (SELECT count(*) FROM pending), dead = (SELECT count(*) FROM dead),
       pending_bytes = (SELECT coalesce(sum(length(body)), 0) FROM pending)`,
  );
}

function highestPosition(database: SqliteDatabase, table: keyof typeof tables): number {
  const row = database.prepare('SELECT seq FROM sqlite_sequence WHERE name = ?').get(table) as SqliteRow | undefined;
  return Number(row?.['seq'] ?? 0);
}
