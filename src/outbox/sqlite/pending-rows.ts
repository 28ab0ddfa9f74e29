import type { Outbox, StoredNotification } from '../outbox.js';
import { checkDueOrder, checkOrder, pendingColumns, pendingOf, toText } from './rows.js';
import type { SqliteDatabase, SqliteRow } from './sqlite-driver.js';
import { damaged } from './sqlite-errors.js';
import type { Tally } from './tally.js';

/** Reads the pending notifications of an open connection. */
export interface PendingRows extends Pick<Outbox, 'readAfter' | 'nextInLane' | 'readDue'> {
  readonly find: (id: string, target?: string) => StoredNotification[];
}

export function preparePendingRows(database: SqliteDatabase, tally: Tally): PendingRows {
  const selectAfter = database.prepare(
    `SELECT ${pendingColumns} FROM pending WHERE position > ? AND position < ? ORDER BY position LIMIT ?`,
  );
  const selectInLane = database.prepare(
    `SELECT ${pendingColumns} FROM pending WHERE lane = ? AND position > ? AND position < ? ORDER BY position LIMIT 1`,
  );
  // The first comparison is the index's own condition; the second makes SQLite seek to where to continue.
  const selectDue = database.prepare(
    `SELECT ${pendingColumns} FROM pending
     WHERE target = ?1 AND next_attempt_at > 0 AND next_attempt_at >= ?2 AND next_attempt_at <= ?4
       AND (next_attempt_at > ?2 OR position > ?3)
     ORDER BY next_attempt_at, position LIMIT ?5`,
  );
  const selectById = database.prepare(`SELECT target, ${pendingColumns} FROM pending WHERE id = ? ORDER BY position`);

  return {
    readAfter(name, after, limit) {
      const target = tally.find(name);
      if (target === undefined) return [];
      const rows = selectAfter.all(target.base + Math.max(after, 0), target.end, limit);
      const page = checkOrder(
        rows.map((row) => pendingOf(row, target)),
        after,
      );
      const last = page.at(-1);
      // A damaged position that is too high would make the reader skip all others.
      if (last !== undefined && !tally.hasUsed(target, last.position)) throw damaged('its order is gone');
      return page;
    },

    nextInLane(name, lane, after) {
      const target = tally.find(name);
      if (target === undefined) return undefined;
      const row = selectInLane.get(toText(lane), target.base + Math.max(after, 0), target.end);
      return row === undefined ? undefined : pendingOf(row, target);
    },

    readDue(name, after, until, limit) {
      const target = tally.find(name);
      if (target === undefined) return [];
      const lastAt = Math.min(until, Number.MAX_SAFE_INTEGER);
      const rows = selectDue.all(target.text, after.nextAttemptAt, target.base + after.position, lastAt, limit);
      return checkDueOrder(
        rows.map((row) => pendingOf(row, target)),
        after,
      );
    },

    find(id, name) {
      const rows = selectById.all(toText(id)) as SqliteRow[];
      const found = rows.map((row) => ({ state: 'pending' as const, ...pendingOf(row, tally.stored(row['target'])) }));
      return name === undefined ? found : found.filter(({ target }) => target === name);
    },
  };
}
