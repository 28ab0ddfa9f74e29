import { fromText, toText } from './rows.js';
import type { SqliteDatabase, SqliteRow } from './sqlite-driver.js';

/** Returns ids that begin or end with a text, each once: at most `limit` of them. */
export type IdsLike = (part: string, limit: number) => readonly string[];

// Higher than all characters, as SQLite compares text: by its bytes.
const highest = '\u{10ffff}';

/**
 * Prepares the search for shortened ids in tables that have them. Both are answered by the index of the ids alone: a beginning is looked up in it, an end
 * takes a scan of it, which for a million ids is a fraction of a second. Ids of one moment begin alike, and end in chance.
 */
export function prepareIdsLike(database: SqliteDatabase, tables: readonly string[]): IdsLike {
  const statements = tables.flatMap((table) => [
    database.prepare(`SELECT DISTINCT id FROM ${table} WHERE id >= ?1 AND id <= ?1 || '${highest}' LIMIT ?2`),
    database.prepare(`SELECT DISTINCT id FROM ${table} WHERE substr(id, -length(?1)) = ?1 LIMIT ?2`),
  ]);
  return (part, limit) => {
    const ids = new Set<string>();
    for (const statement of statements) {
      for (const row of statement.all(toText(part), limit) as SqliteRow[]) ids.add(fromText(String(row['id'])));
    }
    return [...ids].slice(0, limit);
  };
}
