import type { Settlement } from '../outbox.js';
import { fromText, measureOf, toText } from './rows.js';
import type { SqliteDatabase, SqliteRow, SqliteStatement, SqliteValue } from './sqlite-driver.js';
import { damaged } from './sqlite-errors.js';

/** How a transaction changes what is counted. */
export interface Tally {
  pending: number;
  pendingBytes: number;
  dead: number;
  /** Until when the outbox is known to be in use by that; 0 if that is not said. */
  usedTo: number;
}

/** Prepares what settles attempts on an open connection, within a transaction, and counts what changes by it. */
export function prepareSettle(database: SqliteDatabase): (settlements: readonly Settlement[], change: Tally) => void {
  // All of a batch at once, as JSON lists of positions and ids: half the cost of one by one. Measured first, because a delete
  // that answers what it removed costs more than both. A position leads to the row, and the id says whether it is the one.
  const inPlace = prepareRemoval(
    database,
    'position IN (SELECT value FROM json_each(?)) AND +id IN (SELECT value FROM json_each(?))',
  );
  const byPosition = prepareRemoval(database, 'position = ?');
  // Past the trees that a look-up goes down.
  const countScanned = database.prepare(
    'SELECT count(*) AS count FROM pending WHERE +id IN (SELECT value FROM json_each(?))',
  );
  const selectIdAt = database.prepare('SELECT id FROM pending WHERE position = ?');
  const selectPositionOf = database.prepare('SELECT position FROM pending WHERE id = ?');
  const postpone = database.prepare('UPDATE pending SET attempts = ?, next_attempt_at = ? WHERE position = ?');
  const bury = database.prepare(
    `INSERT INTO dead (id, type, lane, occurred_at, died_at, attempts, reason_kind, reason_status, reason_detail, traceparent, body)
     SELECT id, type, lane, occurred_at, ?, ?, ?, ?, ?, traceparent, body FROM pending WHERE position = ?`,
  );

  function remove(removal: Removal, values: readonly SqliteValue[], change: Tally): number {
    const { count, bytes } = measureOf(removal.measure.get(...values));
    removeMeasured(removal.remove, values, count);
    change.pending -= count;
    change.pendingBytes -= bytes;
    return count;
  }

  function removeAll(settled: readonly Settlement[], change: Tally): void {
    if (settled.length === 0) return;
    const positions = JSON.stringify(settled.map(({ position }) => position));
    const ids = JSON.stringify(settled.map(({ id }) => toText(id)));
    if (remove(inPlace, [positions, ids], change) === settled.length) return;
    for (const settlement of settled) {
      const position = positionOf(settlement);
      if (position !== undefined) remove(byPosition, [position], change);
    }
    // What is read in order but not found by a look-up would be delivered again at every start.
    if (measureOf(countScanned.get(ids)).count > 0) throw damaged('what it holds cannot be found');
  }

  function storedIdAt(position: number): string | undefined {
    const id = (selectIdAt.get(position) as SqliteRow | undefined)?.['id'];
    return typeof id === 'string' ? id : undefined;
  }

  /** Where a notification is: where it was read, unless it has come into this file by another way. */
  function positionOf({ id, position }: Settlement): number | undefined {
    const idThere = storedIdAt(position);
    if (idThere !== undefined && fromText(idThere) === id) return position;
    const row = selectPositionOf.get(toText(id)) as SqliteRow | undefined;
    return row === undefined ? undefined : Number(row['position']);
  }

  /** Copies a pending one to the dead letters; answers how many there are more of. */
  function buryOne(settlement: Extract<Settlement, { kind: 'dead' }>): number {
    const { attempts, diedAt, reason } = settlement;
    const position = positionOf(settlement);
    if (position === undefined) return 0;
    const { kind, status, detail } = reason;
    return Number(bury.run(diedAt, attempts, kind, status ?? null, detail, position).changes);
  }

  return function settle(settlements, change) {
    const done = new Map<string, Settlement>();
    for (const settlement of settlements) {
      if (done.has(settlement.id)) continue;
      if (settlement.kind === 'retry') {
        const position = positionOf(settlement);
        if (position !== undefined) postpone.run(settlement.attempts, settlement.nextAttemptAt, position);
        continue;
      }
      done.set(settlement.id, settlement);
      if (settlement.kind === 'dead') change.dead += buryOne(settlement);
    }
    removeAll([...done.values()], change);
  };
}

/** Damage may show a row to one that reads, and hide it from one that removes. */
export function removeMeasured(remove: SqliteStatement, values: readonly SqliteValue[], count: number): void {
  if (Number(remove.run(...values).changes) !== count) throw damaged('what it holds cannot be removed');
}

interface Removal {
  readonly measure: SqliteStatement;
  readonly remove: SqliteStatement;
}

function prepareRemoval(database: SqliteDatabase, condition: string): Removal {
  return {
    measure: database.prepare(
      `SELECT count(*) AS count, coalesce(sum(length(body)), 0) AS bytes FROM pending WHERE ${condition}`,
    ),
    remove: database.prepare(`DELETE FROM pending WHERE ${condition}`),
  };
}
