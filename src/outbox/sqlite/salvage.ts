import { rollBack } from './roll-back.js';
import type { Use } from '../../core/steady-clock.js';
import { targetLimit } from './rows.js';
import { readTargets, type SalvagedTargets } from './salvaged-targets.js';
import type { SqliteDatabase, SqliteRow, SqliteStatement, SqliteValue } from './sqlite-driver.js';
import { isUnfit } from './sqlite-errors.js';

const tables = {
  pending: 'id, type, lane, occurred_at, accepted_at, attempts, next_attempt_at, traceparent, body',
  dead: 'id, type, lane, occurred_at, died_at, attempts, reason_kind, reason_status, reason_detail, traceparent, body',
} as const;

/** How many were copied. */
export interface Salvage {
  readonly pending: number;
  readonly dead: number;
  /** Whether some could not be read. */
  readonly isIncomplete: boolean;
}

/** Where rows are inserted: those of one target, or all dead letters. */
interface Places {
  /** Their keys are above this. */
  readonly base: number;
  /** The last position that was used before. */
  readonly last: number;
  /** The position that the first copied row had. */
  first: number | undefined;
  /** The highest position that is used by now. */
  highest: number;
}

/**
 * Copies what can be read of a damaged or lost outbox into another one, which may have notifications of its own. It reads files
 * of every version of this package. Damage is local, so rows are read from the front until the damage, and from the back. Always
 * both, because a damaged position may make the reader skip far ahead without an error.
 *
 * Copied rows are added after what their target has in the other outbox, in their own order: a row's position is counted from
 * the first one's. If the target never had any there, rows keep their positions. A row whose id its target already has is
 * skipped.
 *
 * Each file uses the steady clock of its own processes. Instants are converted to the clock that is further ahead, so that
 * everything is as old as it was when its own file was last in use.
 *
 * Throws when the other outbox cannot take the rows; nothing is copied then.
 */
export function salvage(from: SqliteDatabase, into: SqliteDatabase): Salvage {
  const copied = { pending: 0, dead: 0 };
  let isIncomplete = false;
  into.exec('BEGIN IMMEDIATE');
  try {
    const targets = readTargets(from);
    const aheadMs = alignClocks(from, into);
    for (const table of ['pending', 'dead'] as const) {
      const placesOf = table === 'pending' ? preparePlaces(into) : sharedPlaces(lastDeadPosition(into));
      const columns = `position, target, ${tables[table]}`;
      const insert = into.prepare(
        `INSERT INTO ${table} (${columns}) VALUES (${columns.replace(/\w+/g, '?')}) ON CONFLICT (id, target) DO NOTHING`,
      );
      const onRow = (read: SqliteRow): void => {
        const row = { ...shiftInstants(read, aheadMs), target: targets.nameFor(read, table) };
        const isCopied = copyRow(row, placesOf(row.target), columns, insert);
        if (isCopied === undefined) isIncomplete = true;
        else if (isCopied) copied[table] += 1;
      };
      const query = `SELECT position, ${targets.column} AS target, ${tables[table]} FROM ${table}`;
      const isFrontComplete = readRows(from, query, 'ASC', onRow);
      const isBackComplete = readRows(from, query, 'DESC', onRow);
      if (!isFrontComplete || !isBackComplete) isIncomplete = true;
    }
    // What is dead in one outbox and pending in the other is tried once more, rather than lost.
    into.exec('DELETE FROM dead WHERE (id, target) IN (SELECT id, target FROM pending)');
    recount(into, targets);
    into.exec('COMMIT');
  } catch (error) {
    rollBack(into);
    throw error;
  }
  return { ...copied, isIncomplete };
}

/** Returns a function that finds the places of a target's pending rows, and adds the target if necessary. */
function preparePlaces(into: SqliteDatabase): (target: string) => Places {
  const select = into.prepare('SELECT number, last_position FROM tally WHERE target = ?');
  const insert = into.prepare('INSERT INTO tally (target) VALUES (?) RETURNING number, last_position');
  const places = new Map<string, Places>();
  return (target) => {
    const found = places.get(target);
    if (found !== undefined) return found;
    const row = (select.get(target) ?? insert.get(target)) as SqliteRow;
    const last = Number(row['last_position']);
    const made = { base: Number(row['number']) * targetLimit, last, first: undefined, highest: last };
    places.set(target, made);
    return made;
  };
}

function sharedPlaces(last: number): () => Places {
  const places = { base: 0, last, first: undefined, highest: last };
  return () => places;
}

/** Returns whether a row was new; undefined if damage made it unfit for its table. */
function copyRow(row: SqliteRow, places: Places, columns: string, insert: SqliteStatement): boolean | undefined {
  const position = Number(row['position']) % targetLimit;
  places.first ??= position;
  const ownPlace = places.last === 0 ? position : places.last + 1 + position - places.first;
  const names = columns.split(', ');
  // After all others, if damage made its own place unusable.
  for (const place of [ownPlace, places.highest + 1]) {
    if (place < 1 || place >= targetLimit) continue;
    const placed: SqliteRow = { ...row, position: places.base + place };
    try {
      const isNew = Number(insert.run(...names.map((column) => placed[column] as SqliteValue)).changes) > 0;
      if (isNew) places.highest = Math.max(places.highest, place);
      return isNew;
    } catch (error) {
      if (!isUnfit(error)) throw error;
    }
  }
  return undefined;
}

/** Reads row by row until the end, or until reading fails. Returns whether it reached the end. */
function readRows(
  from: SqliteDatabase,
  query: string,
  direction: 'ASC' | 'DESC',
  onRow: (row: SqliteRow) => void,
): boolean {
  let lastPosition = direction === 'ASC' ? 0 : Number.MAX_SAFE_INTEGER;
  const comparison = direction === 'ASC' ? '>' : '<';
  const nextQuery = `${query} WHERE position ${comparison} ? ORDER BY position ${direction} LIMIT 1`;
  let next: SqliteStatement | undefined;
  for (;;) {
    let row: SqliteRow | undefined;
    try {
      next ??= from.prepare(nextQuery);
      row = next.get(lastPosition) as SqliteRow | undefined;
    } catch {
      return false;
    }
    if (row === undefined) return true;
    const position = Number(row['position']);
    // A damaged tree that leads back would be read for ever.
    if (direction === 'ASC' ? !(position > lastPosition) : !(position < lastPosition)) return false;
    onRow(row);
    lastPosition = position;
  }
}

/**
 * Makes `into` use the clock that is further ahead, and keeps when that was last in use: otherwise the next start would trust
 * a clock that is ahead. Returns how far that clock is ahead of the clock of `from`.
 */
function alignClocks(from: SqliteDatabase, into: SqliteDatabase): number {
  const [lost, other] = [lastUseOf(from), lastUseOf(into)];
  // If the use of a file was never recorded, as in schema 1, its instants are the wall clock's.
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

/** Undefined if it is damaged, or of a version that did not record it; 0 for never. */
function lastUseOf(database: SqliteDatabase): Use | undefined {
  let row: SqliteRow | undefined;
  try {
    row = database.prepare('SELECT max(used_from) AS used_from, max(used_to) AS used_to FROM tally').get() as SqliteRow;
  } catch {
    return undefined;
  }
  const { used_from: from, used_to: to } = row;
  return Number.isSafeInteger(from) && Number.isSafeInteger(to) ? { from: Number(from), to: Number(to) } : undefined;
}

/** The row with its stored instants moved ahead by this much; what is not an instant stays as it is. */
function shiftInstants(row: SqliteRow, aheadMs: number): SqliteRow {
  if (aheadMs === 0) return row;
  const moved = { ...row };
  for (const column of ['accepted_at', 'next_attempt_at', 'died_at']) {
    const instant = row[column];
    if (typeof instant === 'number' && instant > 0) moved[column] = instant + aheadMs;
  }
  return moved;
}

/** Counts what is stored now, and keeps the last positions, so that not even the position of a lost row is reused. */
function recount(into: SqliteDatabase, { lastPositions }: SalvagedTargets): void {
  const isOfTarget = `position > number * ${String(targetLimit)} AND position < (number + 1) * ${String(targetLimit)}`;
  const keepLast = into.prepare('UPDATE tally SET last_position = ? WHERE target = ? AND last_position = 0');
  for (const [target, position] of lastPositions) keepLast.run(position, target);
  into.exec(
    `INSERT INTO tally (target) SELECT DISTINCT target FROM dead WHERE target NOT IN (SELECT target FROM tally);
     UPDATE tally SET
       pending = (SELECT count(*) FROM pending WHERE ${isOfTarget}),
       pending_bytes = (SELECT coalesce(sum(length(body)), 0) FROM pending WHERE ${isOfTarget}),
       dead = (SELECT count(*) FROM dead WHERE dead.target = tally.target),
       last_position = max(last_position,
         coalesce((SELECT max(position) FROM pending WHERE ${isOfTarget}) - number * ${String(targetLimit)}, 0))`,
  );
}

function lastDeadPosition(database: SqliteDatabase): number {
  const row = database.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'dead'").get() as SqliteRow | undefined;
  return Number(row?.['seq'] ?? 0);
}

/** What two salvages copied together. */
export function sumOf(one: Salvage, other: Salvage): Salvage {
  return {
    pending: one.pending + other.pending,
    dead: one.dead + other.dead,
    isIncomplete: one.isIncomplete || other.isIncomplete,
  };
}
