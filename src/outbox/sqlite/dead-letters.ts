import type { DeadLetter, DeadQuery, StoredNotification } from '../outbox.js';
import { contentOf, deadOf, toText } from './rows.js';
import type { SqliteDatabase, SqliteStatement } from './sqlite-driver.js';

/** The dead letters of an open connection: what reads them, and what changes them within a transaction. */
export interface DeadLetters {
  readonly list: (query: DeadQuery) => DeadLetter[];
  /** By its id as it is stored. */
  readonly find: (id: string) => StoredNotification | undefined;
  /** Each takes the highest position and how many. */
  readonly oldest: DeadStatements;
  /** Each takes the id as it is stored. */
  readonly byId: DeadStatements;
  /** Takes an instant and how many. */
  readonly removeExpired: SqliteStatement;
}

/** What can be done with some of the dead letters. */
export interface DeadStatements {
  readonly measure: SqliteStatement;
  /** Takes the instant first. */
  readonly revive: SqliteStatement;
  readonly remove: SqliteStatement;
}

const columns = 'position, id, type, lane, occurred_at, died_at, attempts, reason_kind, reason_status, reason_detail';

export function prepareDeadLetters(database: SqliteDatabase): DeadLetters {
  const select = database.prepare(`SELECT ${columns} FROM dead WHERE position < ? ORDER BY position DESC LIMIT ?`);
  // Ids and lanes are stored as `toText` makes them; the other columns as they are.
  const search = database.prepare(
    `SELECT ${columns} FROM dead WHERE position < ?1 AND (
       instr(lower(id), lower(?2)) OR instr(lower(lane), lower(?2)) OR instr(lower(type), lower(?3)) OR
       instr(reason_status, ?3) OR instr(reason_kind, lower(?3)) OR instr(lower(reason_detail), lower(?3)))
     ORDER BY position DESC LIMIT ?4`,
  );
  const selectById = database.prepare(`SELECT ${columns}, traceparent, body FROM dead WHERE id = ?`);
  const statementsFor = (condition: string): DeadStatements => ({
    measure: database.prepare(
      `SELECT count(*) AS count, coalesce(sum(length(body)), 0) AS bytes FROM dead WHERE ${condition}`,
    ),
    revive: database.prepare(
      `INSERT INTO pending (id, type, lane, occurred_at, accepted_at, traceparent, body)
       SELECT id, type, lane, occurred_at, ?, traceparent, body FROM dead WHERE ${condition} ORDER BY position`,
    ),
    remove: database.prepare(`DELETE FROM dead WHERE ${condition}`),
  });

  return {
    list({ limit, before = Number.MAX_SAFE_INTEGER, search: text = '' }) {
      if (text === '') return select.all(before, limit).map(deadOf);
      return search.all(before, toText(text), text.replaceAll('\0', ' '), limit).map(deadOf);
    },
    find(id) {
      const row = selectById.get(id);
      return row === undefined ? undefined : { state: 'dead', ...deadOf(row), ...contentOf(row) };
    },
    oldest: statementsFor('position IN (SELECT position FROM dead WHERE position <= ? ORDER BY position LIMIT ?)'),
    byId: statementsFor('id = ?'),
    removeExpired: database.prepare(
      `DELETE FROM dead WHERE position IN (
         SELECT position FROM dead WHERE died_at < ? ORDER BY position LIMIT ?)`,
    ),
  };
}
