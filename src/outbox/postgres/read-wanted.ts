import { wantedAt } from '../outbox.js';
import type { LaneName } from './read-rows.js';
import type { RunSql } from './postgres-server.js';
import type { OutboxTables } from './schema.js';

/** The `due_at` of a row that somebody wants to be tried at once, as SQL. */
export const wantedInstant = `to_timestamp(${String(wantedAt)} / 1000.0)`;

export interface WantedRow extends LaneName {
  readonly id: string;
}

/** What an operator asks for is little. */
const maxWanted = 32;

/**
 * Takes the marks from a target's rows that somebody wants to be tried at once, so that each mark is obeyed once. They are due from
 * then on. What is looked for is ordered and cut, so that only the index in that order will do.
 */
export async function takeWanted(
  run: RunSql,
  { pending }: Pick<OutboxTables, 'pending'>,
  target: string,
): Promise<readonly WantedRow[]> {
  const marked = `SELECT seq FROM ${pending} WHERE due_at <= ${wantedInstant} AND target = $1::text
    ORDER BY due_at LIMIT ${String(maxWanted)}`;
  // Looked for first, because a statement that may write has a transaction of its own in the server's log.
  if ((await run(marked, [target], { name: 'crm_marked' })).length === 0) return [];
  const rows = await run(
    `UPDATE ${pending} p SET due_at = clock_timestamp() FROM (${marked}) m WHERE p.seq = m.seq AND p.due_at <= ${wantedInstant}
     RETURNING p.id, p.lane, p.target`,
    [target],
  );
  return rows.map((row) => ({ id: String(row['id']), lane: String(row['lane']), target: String(row['target']) }));
}
