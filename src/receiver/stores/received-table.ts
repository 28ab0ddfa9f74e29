import type { TableName } from '../../outbox/postgres/postgres-outbox.js';
import type { Statement } from '../../transaction/transaction.js';

/** The statements of the table with the ids. Their texts have no `$$`, which some drivers would take for a parameter. */
export interface ReceivedTable {
  readonly create: Statement;
  /** Waits for another transaction that has written this id, and fails if that commits. */
  readonly remember: (id: string) => Statement;
  /** Deletes what is older. */
  readonly prune: (keepMs: number) => Statement;
}

export function receivedTable({ schema, name }: TableName): ReceivedTable {
  const table = `"${schema}"."${name}"`;
  return {
    // Looked for first, because making one needs a right even if it is there; one at a time, because two would collide.
    create: {
      text: `DO 'BEGIN
  IF to_regclass(''${table}'') IS NULL THEN
    PERFORM pg_advisory_xact_lock(hashtextextended(''express-crm-notifier ${schema}.${name}'', 0));
    CREATE TABLE IF NOT EXISTS ${table} (
      notification_id text PRIMARY KEY,
      received_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX IF NOT EXISTS "${name}_received_at" ON ${table} (received_at);
  END IF;
END'`,
      values: [],
    },
    remember: (id) => ({ text: `INSERT INTO ${table} (notification_id) VALUES (CAST($1 AS text))`, values: [id] }),
    prune: (keepMs) => ({
      text: `DELETE FROM ${table} WHERE received_at < now() - CAST($1 AS double precision) * interval '1 millisecond'`,
      values: [keepMs],
    }),
  };
}
