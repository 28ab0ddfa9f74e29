import type { Outbox } from '../outbox.js';
import { inDueOrder, pendingColumns, pendingOf } from './rows.js';
import type { SqliteDatabase } from './sqlite-driver.js';

/** Makes ready what reads pending ones in the order in which they become due. */
export function prepareReadDue(database: SqliteDatabase): Outbox['readDue'] {
  // The first comparison is the index's own condition; the second enters it at the place to go on from.
  const selectDue = database.prepare(
    `SELECT ${pendingColumns} FROM pending
     WHERE next_attempt_at > 0 AND next_attempt_at >= ?1 AND next_attempt_at <= ?3
       AND (next_attempt_at > ?1 OR position > ?2)
     ORDER BY next_attempt_at, position LIMIT ?4`,
  );
  return (after, until, limit) => {
    const lastAt = Math.min(until, Number.MAX_SAFE_INTEGER);
    return inDueOrder(selectDue.all(after.nextAttemptAt, after.position, lastAt, limit).map(pendingOf), after);
  };
}
