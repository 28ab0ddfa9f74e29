import type { RunSql } from './postgres-server.js';

/**
 * Returns ids in these tables that begin or end with a text, each once: at most `limit` of them. It takes a scan of the ids,
 * which for a million is a fraction of a second.
 */
export async function findIdsLike(
  run: RunSql,
  tables: readonly string[],
  part: string,
  limit: number,
): Promise<readonly string[]> {
  const isLike = `left(id::text, length($1::text)) = $1 OR right(id::text, length($1::text)) = $1`;
  const selects = tables.map((table) => `SELECT id::text FROM ${table} WHERE ${isLike}`).join(' UNION ');
  const rows = await run(`${selects} ORDER BY id LIMIT $2::integer`, [part, limit]);
  return rows.map((row) => String(row['id']));
}
