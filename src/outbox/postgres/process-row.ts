import { hostname } from 'node:os';
import type { RunSql } from './postgres-server.js';
import type { OutboxTables } from './schema.js';
import { msOf } from './stored-rows.js';

/** The row of one process in the table of processes. */
export interface ProcessRow {
  /** Shows that this process is there. Resolves to the server's time, in milliseconds since 1970. */
  see(): Promise<number>;
  remove(): Promise<void>;
}

export function createProcessRow(run: RunSql, { processes }: OutboxTables, id: string): ProcessRow {
  return {
    async see() {
      const [row] = await run(
        `WITH gone AS (DELETE FROM ${processes} WHERE seen_at < clock_timestamp() - interval '1 day')
         INSERT INTO ${processes} (id, name, pid) VALUES ($1::uuid, $2, $3)
         ON CONFLICT (id) DO UPDATE SET seen_at = clock_timestamp()
         RETURNING ${msOf('seen_at')} AS server_ms`,
        [id, hostname(), process.pid],
      );
      return Number(row?.['server_ms']);
    },
    async remove() {
      await run(`DELETE FROM ${processes} WHERE id = $1::uuid`, [id]);
    },
  };
}
