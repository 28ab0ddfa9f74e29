import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Client } from 'pg';
import { createCluster } from './runtime/create-cluster.js';
import { findPostgres } from './runtime/find-postgres.js';
import { freePort } from './runtime/free-port.js';
import { guardedDirectory } from './runtime/guarded-directory.js';
import { startPostmaster } from './runtime/postmaster.js';
import { unprivilegedUser } from './runtime/unprivileged-user.js';

export interface PostgresOptions {
  /**
   * Waits for the disk at each commit, as a real server does. Without it, what was committed still survives the death of
   * the server, by `kill` too, but not that of the machine.
   * @default false
   */
  readonly isDurable?: boolean;
  /** Further settings of postgresql.conf, such as `{ max_connections: '20' }`. @default {} */
  readonly settings?: Readonly<Record<string, string>>;
}

/** `fast` ends all connections and writes everything down; `immediate` drops everything, as a crash does. */
export type StopMode = 'fast' | 'immediate';

/** A PostgreSQL of our own, on 127.0.0.1, without passwords. It ends with this process, however that ends. */
export interface PostgresServer {
  /** `postgres://postgres@127.0.0.1:PORT/postgres`; the same after each start. */
  readonly url: string;
  readonly port: number;
  /** The directory of its Unix socket, which only root and the server's own user may enter. */
  readonly socketDirectory: string;
  /** Creates an empty database. Resolves with its URL. */
  createDatabase(): Promise<string>;
  /** Stops the server. Resolves once it is gone. */
  stop(mode: StopMode): Promise<void>;
  /** Ends the server and all its processes by SIGKILL. Resolves once they are gone, so that it can start again. */
  kill(): Promise<void>;
  /** Starts the server again, with the same data and on the same port. Resolves once it accepts connections. */
  start(): Promise<void>;
  /** Stops all its processes where they are: connections stay, and nothing answers. */
  freeze(): void;
  /** Lets them go on. */
  thaw(): void;
  /** Ends the server and removes its data. Can be called twice. */
  close(): Promise<void>;
}

/**
 * Makes a PostgreSQL in a temporary directory and starts it; that takes half a second on an idle machine.
 *
 * @throws Error when there is no PostgreSQL on this machine, or it does not start; then with the end of its log.
 */
export async function startPostgres({
  isDurable = false,
  settings = {},
}: PostgresOptions = {}): Promise<PostgresServer> {
  const bin = findPostgres();
  if (bin === undefined) {
    throw new Error(
      'There is no PostgreSQL on this machine: install one, or set PG_BIN to the directory with its initdb.',
    );
  }
  const user = unprivilegedUser();
  const directory = guardedDirectory('crm-postgres-', { user, script: endScript(bin) });
  try {
    createCluster(bin, directory.path, user);
    const port = await freePort();
    const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
    const args = argumentsOf({ ...(isDurable ? {} : notDurable), ...always(directory.path, port), ...settings });
    const run = () => startPostmaster(join(bin, 'postgres'), args, directory.path, user);
    let postmaster = await run();
    let isClosed = false;

    return {
      url,
      port,
      socketDirectory: directory.path,
      createDatabase: () => createDatabase(url),
      async stop(mode) {
        await postmaster.end(mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
      },
      kill: () => postmaster.kill(),
      async start() {
        if (isClosed) throw new Error('This PostgreSQL is closed: its data is gone. Start another one.');
        if (postmaster.isRunning()) throw new Error('This PostgreSQL runs already: stop or kill it first.');
        postmaster = await run();
      },
      freeze: () => postmaster.signalAll('SIGSTOP'),
      thaw: () => postmaster.signalAll('SIGCONT'),
      async close() {
        if (isClosed) return;
        isClosed = true;
        await postmaster.kill();
        await directory.remove();
      },
    };
  } catch (error) {
    await directory.remove();
    throw error;
  }
}

/** Creates an empty database on a server. Resolves with its URL. */
export async function createDatabase(serverUrl: string): Promise<string> {
  const name = `crm_${randomBytes(8).toString('hex')}`;
  await onConnection(serverUrl, async (client) => {
    const { rows } = await client.query<{ readonly version: string }>(
      `SELECT current_setting('server_version_num') AS version`,
    );
    // From 15 on the content goes through the log unless it is copied as files, which takes a third of the time.
    const strategy = Number(rows[0]?.version) >= 150_000 ? ' STRATEGY file_copy' : '';
    await client.query(`CREATE DATABASE ${name}${strategy}`);
  });
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

/** Runs one statement by a connection of its own. */
export async function runStatement(url: string, text: string): Promise<void> {
  await onConnection(url, async (client) => {
    await client.query(text);
  });
}

async function onConnection(url: string, use: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client({ connectionString: url });
  // A connection that breaks is told of twice: to the statement, which rejects, and here.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await use(client);
  } finally {
    await client.end();
  }
}

/** For tests: faster, and no less durable as long as the machine lives. */
const notDurable = { fsync: 'off', full_page_writes: 'off' };

const always = (directory: string, port: number) => ({
  listen_addresses: '127.0.0.1',
  port: String(port),
  unix_socket_directories: directory,
  // In the data directory, so that a killed server leaves nothing in /dev/shm.
  dynamic_shared_memory_type: 'mmap',
  max_connections: '200',
  log_line_prefix: '%m [%p] %d ',
});

function argumentsOf(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** What the guard of the directory does when this process is gone. A killed server's segment of shared memory is left over. */
function endScript(bin: string): string {
  return `cd "$1/data" && if test -f postmaster.pid; then
    pid=$(sed -n 1p postmaster.pid); segment=$(sed -n '7s/.* //p' postmaster.pid)
    kill -CONT "$pid"; '${bin}/pg_ctl' stop -D "$1/data" -m immediate -s; ipcrm -m "$segment"; fi`;
}
