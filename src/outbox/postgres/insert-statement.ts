import type { AcceptedNotification } from '../outbox.js';
import type { Statement } from '../../transaction/transaction.js';
import { tablesOf } from './schema.js';
import type { TableName } from './postgres-outbox.js';

/** A notification's row, by column. The other columns have defaults. */
export interface OutboxRow {
  readonly id: string;
  readonly target: string;
  readonly type: string;
  readonly lane: string;
  /** Milliseconds since 1970. */
  readonly occurred_at: number;
  readonly body: string;
  readonly traceparent: string | null;
}

export function rowOf({ id, target, type, lane, occurredAt, body, traceparent }: AcceptedNotification): OutboxRow {
  return {
    id,
    target,
    type,
    // PostgreSQL's text cannot hold a NUL.
    lane: lane.replaceAll('\0', '\u2400'),
    occurred_at: occurredAt,
    body: typeof body === 'string' ? body : Buffer.from(body).toString(),
    traceparent: traceparent ?? null,
  };
}

/**
 * Writes one notification's row. The casts are for drivers that send all values as text; it returns nothing, so that a role
 * needs only the right to INSERT.
 */
export function insertStatement(table: TableName, notification: AcceptedNotification): Statement {
  const { id, target, type, lane, occurred_at, body, traceparent } = rowOf(notification);
  return {
    text:
      `INSERT INTO ${tablesOf(table).pending} (id, target, type, lane, occurred_at, body, traceparent) VALUES ` +
      '(CAST($1 AS uuid), CAST($2 AS text), CAST($3 AS text), CAST($4 AS text), CAST($5 AS bigint), CAST($6 AS text), CAST($7 AS text))',
    values: [id, target, type, lane, occurred_at, body, traceparent],
  };
}
