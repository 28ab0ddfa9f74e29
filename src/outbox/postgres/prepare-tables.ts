import { CRMConfigError } from '../../core/errors.js';
import { missingRights } from './missing-rights.js';
import { placeOf, type PostgresOutbox } from './postgres-outbox.js';
import type { PostgresServer, RunSql, SqlRow } from './postgres-server.js';
import { migrationsOf, schemaVersion, tablesOf } from './schema.js';
import { ServerError } from './server-errors.js';

/** What this process's role may do with the tables. */
export interface TableRights {
  /** If not, it may only accept: it has the right to INSERT, and no other. */
  readonly mayDeliver: boolean;
}

/** The oldest server with `xid8`. */
const oldestServer = 130_000;

/**
 * Creates the tables of an outbox, or brings them up to date, if it may; else checks them. Rejects with `CRMConfigError` when
 * they cannot be used, with what to do about it.
 */
export async function prepareTables(server: PostgresServer, outbox: PostgresOutbox): Promise<TableRights> {
  const found = await look(server.run, outbox);
  checkServer(found, outbox);
  if (found['may_use_schema'] === false) {
    throw unusable(outbox, `is in a schema that this role may not use: GRANT USAGE ON SCHEMA "${outbox.table.schema}"`);
  }
  if (found['has_pending'] === true && found['may_select'] === false) {
    if (found['may_insert'] === true) return { mayDeliver: false };
    throw unusable(
      outbox,
      'cannot be written by this role: GRANT INSERT on it, or all rights to a process that delivers',
    );
  }
  if (found['has_state'] === true) await checkRights(server.run, outbox);
  const version = await versionOf(server.run, outbox, found);
  if (version < schemaVersion) {
    if (!outbox.migrate)
      throw unusable(outbox, `${missingText(version)}, and migrate is false. ${howToMigrate(outbox, version)}`);
    await migrateIfAllowed(server, outbox, version);
  }
  await checkColumns(server.run, outbox);
  return { mayDeliver: true };
}

/** The version of the tables; 0 when there are none. Rejects with `CRMConfigError` when they cannot be used. */
export async function findVersion(run: RunSql, outbox: PostgresOutbox): Promise<number> {
  const found = await look(run, outbox);
  checkServer(found, outbox);
  return versionOf(run, outbox, found);
}

/** The statements that are still missing; empty when the tables are up to date. Rejects as `findVersion` does. */
export async function missingStatements(run: RunSql, outbox: PostgresOutbox): Promise<readonly string[]> {
  const found = await look(run, outbox);
  checkServer(found, outbox);
  return statementsFrom(outbox, await versionOf(run, outbox, found), found['has_schema'] === true);
}

/** Creates or updates the tables under a lock, so that processes which start together do it once. */
export async function migrateTables(server: PostgresServer, outbox: PostgresOutbox): Promise<number> {
  return server.inTransaction(async (run) => {
    const { schema, name } = outbox.table;
    await run('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`express-crm-notifier ${schema}.${name}`]);
    const statements = await missingStatements(run, outbox);
    for (const statement of statements) await run(statement);
    return statements.length;
  });
}

async function migrateIfAllowed(server: PostgresServer, outbox: PostgresOutbox, version: number): Promise<void> {
  try {
    await migrateTables(server, outbox);
  } catch (error) {
    if (!(error instanceof ServerError) || error.state !== '42501') throw error;
    throw unusable(
      outbox,
      `${missingText(version)}, and this role may not change that. ${howToMigrate(outbox, version)}`,
    );
  }
}

/** Asks the catalogs themselves: after waiting for the lock, `to_regclass` may still say what it said before. */
async function look(run: RunSql, { table: { schema, name } }: PostgresOutbox): Promise<SqlRow> {
  const [found] = await run(
    `WITH tables AS (
       SELECT c.oid, c.relname, c.relnamespace FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1
     )
     SELECT current_setting('server_version_num')::integer AS server_version,
            current_setting('server_encoding') AS encoding,
            EXISTS (SELECT FROM pg_namespace WHERE nspname = $1) AS has_schema,
            p.oid IS NOT NULL AS has_pending,
            EXISTS (SELECT FROM tables WHERE relname = $3) AS has_state,
            has_schema_privilege(p.relnamespace, 'USAGE') AS may_use_schema,
            has_table_privilege(p.oid, 'SELECT') AS may_select,
            has_table_privilege(p.oid, 'INSERT') AS may_insert
       FROM (SELECT) AS one LEFT JOIN tables p ON p.relname = $2`,
    [schema, name, `${name}_state`],
  );
  return found ?? {};
}

function checkServer(found: SqlRow, outbox: PostgresOutbox): void {
  if (Number(found['server_version']) < oldestServer) throw unusable(outbox, 'needs PostgreSQL 13 or newer');
  if (!['UTF8', 'SQL_ASCII'].includes(String(found['encoding']))) {
    throw unusable(outbox, 'is in a database whose encoding is not UTF8; make one that is');
  }
}

/** 0 when there are no tables. */
async function versionOf(run: RunSql, outbox: PostgresOutbox, found: SqlRow): Promise<number> {
  if (found['has_state'] !== true) {
    if (found['has_pending'] !== true) return 0;
    throw unusable(outbox, 'is a table of something else; name another one');
  }
  const [row] = await run(`SELECT version FROM ${tablesOf(outbox.table).state}`);
  // Somebody has emptied all tables; whoever leads writes the row again.
  const version = row === undefined && found['has_pending'] === true ? schemaVersion : Number(row?.['version'] ?? 0);
  if (version <= schemaVersion) return version;
  throw unusable(outbox, 'was made by a newer version of express-crm-notifier; update this one');
}

/** Fails when somebody has changed the tables by hand. */
async function checkColumns(run: RunSql, outbox: PostgresOutbox): Promise<void> {
  const { pending, dead, state, processes, minutes, pauses, timeline, delivered, types } = tablesOf(outbox.table);
  try {
    await run(
      `SELECT p.seq, p.id, p.target, p.type, p.lane, p.occurred_at, p.accepted_at, p.attempts, p.due_at, p.traceparent, p.body, p.xid,
              d.position, d.reason_detail, s.leads_until, s.ages_from, s.known_url, o.seen_at, o.targets, m.retried, h.number,
              t.last_at, v.delivered_at, y.step_ms
         FROM ${pending} p, ${dead} d, ${state} s, ${processes} o, ${minutes} m, ${pauses} h, ${timeline} t, ${delivered} v, ${types} y
        WHERE false`,
    );
  } catch (error) {
    if (!(error instanceof ServerError) || !error.state.startsWith('42')) throw error;
    throw unusable(outbox, 'does not have the tables and columns it should have; see docs/postgres.md');
  }
}

async function checkRights(run: RunSql, outbox: PostgresOutbox): Promise<void> {
  const missing = await missingRights(run, tablesOf(outbox.table));
  if (missing.length === 0) return;
  const grants = missing.map((rights) => `GRANT ${rights}`).join('; ');
  throw unusable(
    outbox,
    `cannot be delivered from by this role. It lacks: ${grants}. To accept only, it needs INSERT alone`,
  );
}

function statementsFrom(outbox: PostgresOutbox, version: number, hasSchema: boolean): readonly string[] {
  const { table } = outbox;
  const steps = migrationsOf(table).slice(version).flat();
  if (steps.length === 0) return [];
  const schema = hasSchema ? [] : [`CREATE SCHEMA "${table.schema}"`];
  return [...schema, ...steps, `UPDATE ${tablesOf(table).state} SET version = ${String(schemaVersion)}`];
}

function missingText(version: number): string {
  return version === 0 ? 'does not exist' : 'is of an older version';
}

function howToMigrate(outbox: PostgresOutbox, version: number): string {
  const statements = statementsFrom(outbox, version, true).map((statement) => `${statement};`);
  return `Let a role that may run crm-notifier migrate --outbox postgres://…, or this SQL:\n${statements.join('\n')}`;
}

function unusable(outbox: PostgresOutbox, problem: string): CRMConfigError {
  return new CRMConfigError([{ path: 'outbox (CRM_OUTBOX)', message: `${placeOf(outbox)} ${problem}` }]);
}
