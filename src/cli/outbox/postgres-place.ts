import { CRMConfigError } from '../../core/errors.js';
import { loadPg } from '../../outbox/postgres/pg-driver.js';
import { placeOf, postgresOutbox, type PostgresOutbox } from '../../outbox/postgres/postgres-outbox.js';
import { connectToServer, type PostgresServer } from '../../outbox/postgres/postgres-server.js';
import { ServerError } from '../../outbox/postgres/server-errors.js';
import { CliFailure, UsageFailure, type CliContext } from '../command.js';

/** Where an outbox in PostgreSQL is. */
export interface PostgresPlace {
  readonly kind: 'postgres';
  /** Without user and password, for people. */
  readonly name: string;
  readonly outbox: PostgresOutbox;
}

/** Connects to nothing. Throws `UsageFailure`, which repeats neither, if URL or table is invalid. */
export function postgresPlaceOf(url: string, table: string | undefined, env: CliContext['env']): PostgresPlace {
  try {
    const outbox = postgresOutbox({ connectionString: withVariables(url, env), table, migrate: false });
    return { kind: 'postgres', name: placeOf(outbox), outbox };
  } catch (error) {
    if (!(error instanceof CRMConfigError)) throw error;
    const problems = error.issues.map(({ path, message }) =>
      path.endsWith('table') ? `--table ${message}` : `--outbox (CRM_OUTBOX) ${message}`,
    );
    throw new UsageFailure(problems.join('; '));
  }
}

/** Connects for the time of one call. Throws `CliFailure`, which names the place, when the server cannot be used. */
export async function withServer<Result>(
  { name, outbox }: PostgresPlace,
  use: (server: PostgresServer) => Promise<Result>,
): Promise<Result> {
  const server = connectToServer({ pg: loadPg(), connection: outbox.connection, mayPrepare: () => false });
  try {
    return await use(server);
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    throw new CliFailure(`${name}: ${error.message.replace(/^PostgreSQL: /, '')}`, error.code);
  } finally {
    await server.close();
  }
}

/**
 * Adds what a URL leaves out and libpq's variables have. pg knows those of the environment, but not those of the file of
 * variables.
 */
function withVariables(text: string, env: CliContext['env']): string {
  if (!URL.canParse(text)) return text;
  const url = new URL(text);
  const add = (part: 'hostname' | 'port' | 'username' | 'password' | 'pathname', variable: string): void => {
    const value = env[variable];
    if (['', '/'].includes(url[part]) && value !== undefined && !value.startsWith('/')) url[part] = value;
  };
  // The host first: without one, a URL has no user.
  add('hostname', 'PGHOST');
  add('port', 'PGPORT');
  add('username', 'PGUSER');
  add('password', 'PGPASSWORD');
  add('pathname', 'PGDATABASE');
  const { PGSSLMODE: sslMode } = env;
  if (sslMode !== undefined && !url.searchParams.has('sslmode')) url.searchParams.set('sslmode', sslMode);
  return url.href;
}
