import { wantedAt } from '../outbox.js';
import type { RunSql } from './postgres-server.js';
import type { OutboxTables } from './schema.js';

/** A row that somebody wants to be tried at once. */
export interface WantedRow {
  readonly id: string;
  readonly target: string;
  readonly lane: string;
}

/** The `due_at` of such a row, as SQL, until its leader has seen it. */
export const wantedInstant = `to_timestamp(${String(wantedAt)} / 1000.0)`;

/** What an operator asks for is little. */
const maxWanted = 32;

/** The rows with that mark, as SQL. Ordered and cut, so that only the index in that order will do. */
export function markedRows({ pending }: Pick<OutboxTables, 'pending'>, target: string): string {
  return `SELECT m.seq FROM ${pending} m WHERE m.due_at <= ${wantedInstant} AND m.target = ${target}::text
    ORDER BY m.due_at LIMIT ${String(maxWanted)}`;
}

/** Takes the mark from a target's rows, so that it is obeyed once. They are due from then on. */
export async function takeWanted(
  run: RunSql,
  tables: Pick<OutboxTables, 'pending'>,
  target: string,
): Promise<readonly WantedRow[]> {
  const rows = await run(
    `UPDATE ${tables.pending} p SET due_at = clock_timestamp() FROM (${markedRows(tables, '$1')}) AS marked
      WHERE p.seq = marked.seq AND p.due_at <= ${wantedInstant} RETURNING p.id, p.lane, p.target`,
    [target],
  );
  return rows.map((row) => ({ id: String(row['id']), lane: String(row['lane']), target: String(row['target']) }));
}
