import type { Settlement } from '../outbox.js';
import { fromText, keyOf, measureOf, toText, type StoredTarget } from './rows.js';
import type { SqliteDatabase, SqliteRow, SqliteStatement, SqliteValue } from './sqlite-driver.js';
import { copyRows, damaged } from './sqlite-errors.js';
import type { Tally } from './tally.js';

/** Returns a function that settles attempts on an open connection. Call that within a transaction. */
export function prepareSettle(database: SqliteDatabase, tally: Tally): (settlements: readonly Settlement[]) => void {
  // A whole batch at once, as JSON lists of keys and ids: half the cost of one by one. Measured first, because a delete that
  // returns what it removed costs more than both. The key finds the row, and the id confirms that it is the right one.
  const inPlace = prepareRemoval(
    database,
    'position IN (SELECT value FROM json_each(?)) AND +id IN (SELECT value FROM json_each(?))',
  );
  const byKey = prepareRemoval(database, 'position = ?');
  // Scans the table, bypassing the indexes.
  const countScanned = database.prepare(
    `SELECT count(*) AS count FROM pending
     WHERE +id IN (SELECT value FROM json_each(?)) AND +position > ? AND +position < ?`,
  );
  const selectIdAt = database.prepare('SELECT id FROM pending WHERE position = ?');
  const selectKeyOf = database.prepare('SELECT position FROM pending WHERE id = ? AND target = ?');
  const postpone = database.prepare('UPDATE pending SET attempts = ?, next_attempt_at = ? WHERE position = ?');
  const insertDead = database.prepare(
    `INSERT INTO dead (target, id, type, lane, occurred_at, died_at, attempts, reason_kind, reason_status, reason_detail,
       traceparent, body)
     SELECT ?, id, type, lane, occurred_at, ?, ?, ?, ?, ?, traceparent, body FROM pending WHERE position = ?`,
  );

  function remove(target: StoredTarget, removal: RemovalStatements, values: readonly SqliteValue[]): number {
    const measured = measureOf(removal.measure.get(...values));
    removeMeasured(removal.remove, values, measured.count);
    tally.countRemoved(target, measured);
    return measured.count;
  }

  function removeAll(target: StoredTarget, settled: readonly Settlement[]): void {
    if (settled.length === 0) return;
    const keys = JSON.stringify(settled.map(({ position }) => keyOf(target, position)));
    const ids = JSON.stringify(settled.map(({ id }) => toText(id)));
    if (remove(target, inPlace, [keys, ids]) === settled.length) return;
    for (const settlement of settled) {
      const key = findKey(target, settlement);
      if (key !== undefined) remove(target, byKey, [key]);
    }
    // Rows that a scan finds but an index does not would be delivered again at every start.
    if (measureOf(countScanned.get(ids, target.base, target.end)).count > 0)
      throw damaged('what it holds cannot be found');
  }

  /** The key of a notification: the one it was read at, unless it was copied into this file. */
  function findKey(target: StoredTarget, { id, position }: Settlement): number | undefined {
    const key = keyOf(target, position);
    const found = selectIdAt.get(key) as SqliteRow | undefined;
    if (typeof found?.['id'] === 'string' && fromText(found['id']) === id) return key;
    const row = selectKeyOf.get(toText(id), target.text) as SqliteRow | undefined;
    return row === undefined ? undefined : Number(row['position']);
  }

  function addDead(target: StoredTarget, settlement: Extract<Settlement, { kind: 'dead' }>): void {
    const { attempts, diedAt, reason } = settlement;
    const key = findKey(target, settlement);
    if (key === undefined) return;
    const { kind, status, detail } = reason;
    const values = [target.text, diedAt, attempts, kind, status ?? null, detail, key];
    tally.countDead(target, Number(copyRows(() => insertDead.run(...values)).changes));
  }

  return function settle(settlements) {
    const finalByTarget = new Map<string, FinalSettlements>();
    for (const settlement of settlements) {
      const final = finalByTarget.get(settlement.target) ?? newFinalSettlements(tally.find(settlement.target));
      finalByTarget.set(settlement.target, final);
      const { target, byId } = final;
      if (target === undefined || byId.has(settlement.id)) continue;
      if (settlement.kind === 'retry') {
        const key = findKey(target, settlement);
        if (key !== undefined) postpone.run(settlement.attempts, settlement.nextAttemptAt, key);
        continue;
      }
      byId.set(settlement.id, settlement);
      if (settlement.kind === 'dead') addDead(target, settlement);
    }
    for (const { target, byId } of finalByTarget.values()) {
      if (target !== undefined) removeAll(target, [...byId.values()]);
    }
  };
}

/** Checks how many were removed, because damage may show a row to a query and hide it from a delete. */
export function removeMeasured(remove: SqliteStatement, values: readonly SqliteValue[], count: number): void {
  if (Number(remove.run(...values).changes) !== count) throw damaged('what it holds cannot be removed');
}

/** The settlements that remove entries of one target; `target` is undefined if this file does not have it. */
interface FinalSettlements {
  readonly target: StoredTarget | undefined;
  readonly byId: Map<string, Settlement>;
}

function newFinalSettlements(target: StoredTarget | undefined): FinalSettlements {
  return { target, byId: new Map() };
}

interface RemovalStatements {
  readonly measure: SqliteStatement;
  readonly remove: SqliteStatement;
}

function prepareRemoval(database: SqliteDatabase, condition: string): RemovalStatements {
  return {
    measure: database.prepare(
      `SELECT count(*) AS count, coalesce(sum(length(body)), 0) AS bytes FROM pending WHERE ${condition}`,
    ),
    remove: database.prepare(`DELETE FROM pending WHERE ${condition}`),
  };
}
