import type { AcceptedNotification } from '../outbox.js';
import { rowOf } from './insert-statement.js';
import type { RunSql } from './postgres-server.js';
import type { OutboxTables } from './schema.js';

/**
 * Writes a batch in one statement and in this order, all or none. What is there already is left as it is: a commit whose
 * confirmation was lost is tried again.
 */
export async function appendRows(
  run: RunSql,
  { pending }: OutboxTables,
  batch: readonly AcceptedNotification[],
): Promise<void> {
  const rows = batch.map(rowOf);
  await run(
    `INSERT INTO ${pending} (id, target, type, lane, occurred_at, body, traceparent)
     SELECT r.id, r.target, r.type, r.lane, r.occurred_at, r.body, r.traceparent
       FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[])
            WITH ORDINALITY AS r (id, target, type, lane, occurred_at, body, traceparent, place)
      ORDER BY r.place
     ON CONFLICT DO NOTHING`,
    [
      rows.map(({ id }) => id),
      rows.map(({ target }) => target),
      rows.map(({ type }) => type),
      rows.map(({ lane }) => lane),
      rows.map(({ occurred_at }) => occurred_at),
      rows.map(({ body }) => body),
      rows.map(({ traceparent }) => traceparent),
    ],
    { name: 'crm_append' },
  );
}
