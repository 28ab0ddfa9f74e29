import type { AcceptedNotification, DeadReason } from '../../src/outbox/outbox.js';
import { insertStatement } from '../../src/outbox/postgres/insert-statement.js';
import { loadPg } from '../../src/outbox/postgres/pg-driver.js';
import { postgresOutbox, type PostgresOutbox } from '../../src/outbox/postgres/postgres-outbox.js';
import { connectToServer, type PostgresServer, type RunSql } from '../../src/outbox/postgres/postgres-server.js';
import { prepareTables } from '../../src/outbox/postgres/prepare-tables.js';
import { tablesOf, type OutboxTables } from '../../src/outbox/postgres/schema.js';

/** The tables of an outbox in a database, and what puts rows into them without a notifier. */
export interface PostgresTables {
  readonly outbox: PostgresOutbox;
  readonly tables: OutboxTables;
  readonly server: PostgresServer;
  readonly run: RunSql;
  append(notifications: readonly AcceptedNotification[]): Promise<void>;
  /** Turns pending entries with these ids into dead letters, in this order. */
  die(ids: readonly string[], reason?: DeadReason): Promise<void>;
  close(): Promise<void>;
}

/** Creates the tables of an outbox in a database. */
export async function openPostgresTables(url: string, table?: string): Promise<PostgresTables> {
  const outbox = postgresOutbox({ connectionString: url, table });
  const server = connectToServer({ pg: loadPg(), connection: outbox.connection, mayPrepare: () => true });
  await prepareTables(server, outbox);
  const { run } = server;
  const tables = tablesOf(outbox.table);
  return {
    outbox,
    tables,
    server,
    run,
    async append(notifications) {
      await server.inTransaction(async (runInside) => {
        for (const notification of notifications) {
          const { text, values } = insertStatement(outbox.table, notification);
          await runInside(text, values);
        }
      });
    },
    async die(ids, { kind, status, detail } = { kind: 'rejected', status: 422, detail: 'no' }) {
      await run(
        `WITH died AS (DELETE FROM ${tables.pending} WHERE id = ANY($1::uuid[]) RETURNING *)
         INSERT INTO ${tables.dead} (id, target, type, lane, occurred_at, died_at, attempts, reason_kind, reason_status,
           reason_detail, traceparent, body)
         SELECT id, target, type, lane, occurred_at, clock_timestamp(), 1, $2, $3, $4, traceparent, body FROM died
         ORDER BY array_position($1::uuid[], id), target`,
        [ids, kind, status ?? null, detail],
      );
    },
    close: () => server.close(),
  };
}
