import { maxNeighbours, type Outbox, type StoredNotification, wantedAt } from '../outbox.js';
import { checkDueOrder, checkOrder, fromText, keyOf, pendingColumns, pendingOf, toText } from './rows.js';
import type { SqliteDatabase, SqliteRow, SqliteStatement } from './sqlite-driver.js';
import { damaged } from './sqlite-errors.js';
import type { Tally } from './tally.js';

/** Reads the pending notifications of an open connection. */
export interface PendingRows extends Pick<Outbox, 'readAfter' | 'nextInLane' | 'readDue' | 'placeInLane' | 'tryNow'> {
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
  const inLane = 'FROM pending WHERE lane = ? AND position > ? AND position < ?';
  const countInLane = database.prepare(`SELECT count(*) AS count ${inLane}`);
  const selectPrevious = database.prepare(`SELECT id ${inLane} ORDER BY position DESC LIMIT ${String(maxNeighbours)}`);
  const selectNext = database.prepare(`SELECT id ${inLane} ORDER BY position LIMIT ${String(maxNeighbours)}`);
  const countOf = (...range: readonly [string, number, number]): number =>
    Number((countInLane.get(...range) as SqliteRow)['count']);
  const idsOf = (select: SqliteStatement, ...range: readonly [string, number, number]): readonly string[] =>
    select.all(...range).map((row) => fromText(String((row as SqliteRow)['id'])));
  const wantFirst = database.prepare(
    `UPDATE pending SET next_attempt_at = ${String(wantedAt)} WHERE id = ?1 AND (?2 IS NULL OR target = ?2) AND NOT EXISTS (
       SELECT 1 FROM pending AS earlier WHERE earlier.lane = pending.lane AND earlier.position < pending.position
         AND earlier.target = pending.target
     )`,
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

    placeInLane(name, laneName, position) {
      const target = tally.find(name);
      if (target === undefined) return { before: 0, after: 0, previous: [], next: [] };
      const [lane, key] = [toText(laneName), keyOf(target, position)];
      return {
        before: countOf(lane, target.base, key),
        after: countOf(lane, key, target.end),
        previous: idsOf(selectPrevious, lane, target.base, key),
        next: idsOf(selectNext, lane, key, target.end),
      };
    },

    tryNow: (id, name) => Number(wantFirst.run(toText(id), name === undefined ? null : toText(name)).changes),

    find(id, name) {
      const rows = selectById.all(toText(id)) as SqliteRow[];
      const found = rows.map((row) => ({ state: 'pending' as const, ...pendingOf(row, tally.stored(row['target'])) }));
      return name === undefined ? found : found.filter(({ target }) => target === name);
    },
  };
}
