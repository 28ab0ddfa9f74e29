import type { TableName } from './postgres-outbox.js';
import type { RunSql } from './postgres-server.js';
import { tablesOf } from './schema.js';

/**
 * Returns ids that begin or end with a text, pending or dead, each once: at most `limit` of them. It takes a scan of the ids,
 * which for a million is a fraction of a second.
 */
export async function findIdsLike(
  run: RunSql,
  table: TableName,
  part: string,
  limit: number,
): Promise<readonly string[]> {
  const { pending, dead } = tablesOf(table);
  const isLike = `left(id::text, length($1::text)) = $1 OR right(id::text, length($1::text)) = $1`;
  const rows = await run(
    `SELECT id FROM ${pending} WHERE ${isLike} UNION SELECT id FROM ${dead} WHERE ${isLike} ORDER BY id LIMIT $2::integer`,
    [part, limit],
  );
  return rows.map((row) => String(row['id']));
}
