import {
  createDatabase,
  runStatement,
  startPostgres,
  type PostgresOptions,
  type PostgresServer,
} from '../../demo-app/postgres-server.js';
import { findPostgres } from '../../demo-app/runtime/find-postgres.js';

/** A server that is there already, for the tests that only need a database; compose.yaml has one. */
const existingServer = process.env['PG_TEST_URL'] || undefined;
const hasPostgres = findPostgres() !== undefined;

/** `describe` if there is a PostgreSQL (see .ci/install-postgres.mjs) or `PG_TEST_URL` names one, else `describe.skip`. */
export const describeOnPostgres = hasPostgres || existingServer !== undefined ? describe : describe.skip;

/** `describe` if the tests can start a PostgreSQL of their own, to stop or kill it, else `describe.skip`. */
export const describeOnOwnPostgres = hasPostgres ? describe : describe.skip;

/**
 * One PostgreSQL for all tests of a file. Each call creates an empty database and resolves with its URL; all of them are
 * gone after the file's tests.
 */
export function usePostgres(): () => Promise<string> {
  let server: PostgresServer | undefined;
  const databases: string[] = [];
  beforeAll(async () => {
    if (existingServer === undefined) server = await startPostgres();
  }, 60_000);
  afterAll(async () => {
    if (server !== undefined) return server.close();
    for (const url of databases) {
      await runStatement(existingServer!, `DROP DATABASE ${new URL(url).pathname.slice(1)} WITH (FORCE)`);
    }
  }, 60_000);
  return async () => {
    const url = await createDatabase(server?.url ?? existingServer!);
    databases.push(url);
    return url;
  };
}

/** Starts a PostgreSQL for a test that stops, kills or freezes it; closed after the test. */
export function useOwnPostgres(): (options?: PostgresOptions) => Promise<PostgresServer> {
  const servers: PostgresServer[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });
  return async (options) => {
    const server = await startPostgres(options);
    servers.push(server);
    return server;
  };
}
