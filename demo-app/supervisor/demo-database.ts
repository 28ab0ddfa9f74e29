import { createDatabase, runStatement, startPostgres } from '../postgres-server.js';
import { findPostgres } from '../runtime/find-postgres.js';
import { StartError } from '../runtime/run-main.js';
import type { Environment } from '../runtime/settings.js';

/** An empty database for the booking apps. */
export interface DemoDatabase {
  readonly url: string;
  /** Where it is, without the password. */
  readonly place: string;
  /** Removes it. */
  close(): Promise<void>;
}

const NO_POSTGRES = `--postgres needs PostgreSQL 13 or newer, and there is none on this machine. Do one of these:

  Install it, on Debian or Ubuntu for example. The demo starts a server of its own.
    apt-get install postgresql

  Or name the directory that has its programs initdb and postgres.
    PG_BIN=/opt/pgsql/bin npm run demo -- --postgres

  Or start the one of compose.yaml, and name its address.
    docker compose up --detach --wait
    DEMO_POSTGRES_URL=postgres://postgres@127.0.0.1:5433/postgres npm run demo -- --postgres`;

/**
 * Makes a database in a PostgreSQL of our own, which ends with this process, however that ends; or in the one at
 * `DEMO_POSTGRES_URL`, where a killed demo leaves it behind. `find` looks for a PostgreSQL on this machine.
 */
export async function makeDemoDatabase(
  environment: Environment,
  find: () => string | undefined = findPostgres,
): Promise<DemoDatabase> {
  const serverUrl = environment['DEMO_POSTGRES_URL'];
  if (serverUrl) return makeAt(serverUrl);
  if (findOrExplain(find) === undefined) throw new StartError(NO_POSTGRES);
  const server = await startPostgres({ isDurable: true });
  return {
    url: await server.createDatabase(),
    place: `127.0.0.1:${server.port}, started for this demo`,
    close: () => server.close(),
  };
}

async function makeAt(serverUrl: string): Promise<DemoDatabase> {
  if (!URL.canParse(serverUrl)) {
    throw new StartError('DEMO_POSTGRES_URL must be a URL, such as postgres://postgres@127.0.0.1:5433/postgres.');
  }
  const url = await createDatabase(serverUrl).catch((error: unknown) => {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'no response';
    throw new StartError(`No database could be made in the PostgreSQL at DEMO_POSTGRES_URL (${reason}).`);
  });
  const name = new URL(url).pathname.slice(1);
  return {
    url,
    place: `${new URL(serverUrl).host}, database ${name}`,
    close: () => runStatement(serverUrl, `DROP DATABASE ${name} WITH (FORCE)`),
  };
}

/** An invalid `PG_BIN` is a reason not to start, too. */
function findOrExplain(find: () => string | undefined): string | undefined {
  try {
    return find();
  } catch (error) {
    throw new StartError(error instanceof Error ? error.message : String(error));
  }
}
