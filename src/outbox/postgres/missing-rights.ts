import type { RunSql } from './postgres-server.js';
import type { OutboxTables } from './schema.js';

/** What a role needs that delivers; docs/postgres.md lists it. */
const neededRights = {
  pending: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  dead: ['SELECT', 'INSERT', 'DELETE'],
  state: ['SELECT', 'INSERT', 'UPDATE'],
  processes: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  minutes: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  pauses: ['SELECT', 'INSERT', 'UPDATE'],
  timeline: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  delivered: ['SELECT', 'INSERT', 'DELETE'],
  types: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
} as const;

/** The rights that the role lacks to deliver, as they are granted: `UPDATE, DELETE ON "public"."crm_outbox"`. */
export async function missingRights(run: RunSql, tables: OutboxTables): Promise<readonly string[]> {
  const needed = Object.entries(neededRights).flatMap(([name, rights]) =>
    rights.map((right) => ({ right, table: tables[name as keyof typeof neededRights] })),
  );
  const missing = await run(
    `SELECT string_agg(n.needed_right, ', ') || ' ON ' || n.table_name AS lacks
       FROM unnest($1::text[], $2::text[]) AS n (table_name, needed_right)
      WHERE NOT has_table_privilege(to_regclass(n.table_name)::oid, n.needed_right)
      GROUP BY n.table_name ORDER BY n.table_name`,
    [needed.map(({ table }) => table), needed.map(({ right }) => right)],
  );
  return missing.map((row) => String(row['lacks']));
}
