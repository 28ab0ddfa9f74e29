import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort } from '../../demo-app/runtime/free-port.js';
import { guardedDirectory } from '../../demo-app/runtime/guarded-directory.js';
import { unprivilegedUser } from '../../demo-app/runtime/unprivileged-user.js';
import { eventually } from '../demo-app/eventually.js';
import { describeOnPostgres } from './use-postgres.js';

/** See .ci/install-postgres.mjs. */
const executable = process.env['PGBOUNCER_PATH'] ?? '/usr/sbin/pgbouncer';

/** `describe` if there are a PostgreSQL and a PgBouncer, else `describe.skip`. */
export const describeOnPgBouncer = existsSync(executable) ? describeOnPostgres : describe.skip;

interface PgBouncer {
  /** That of the database, by way of PgBouncer. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Puts PgBouncer before a database, in transaction mode: a connection has a server's connection for the length of a
 * transaction. Resolves with the database's URL by way of it. Each is ended after its test.
 */
export function usePgBouncer(): (databaseUrl: string) => Promise<string> {
  const bouncers: PgBouncer[] = [];
  afterEach(async () => {
    await Promise.all(bouncers.splice(0).map((bouncer) => bouncer.close()));
  });
  return async (databaseUrl) => {
    const bouncer = await startPgBouncer(databaseUrl);
    bouncers.push(bouncer);
    return bouncer.url;
  };
}

async function startPgBouncer(databaseUrl: string): Promise<PgBouncer> {
  const url = new URL(databaseUrl);
  const user = unprivilegedUser();
  const directory = guardedDirectory('crm-pgbouncer-', {
    user,
    script: 'test -f "$1/pid" && kill -KILL $(cat "$1/pid")',
  });
  const configFile = join(directory.path, 'pgbouncer.ini');
  const logFile = join(directory.path, 'log');
  const port = await freePort();
  writeFileSync(join(directory.path, 'users.txt'), `"${url.username}" "${url.password}"\n`);
  writeFileSync(configFile, configOf(url, port, directory.path));
  const child = spawn(executable, ['-q', configFile], {
    ...user,
    cwd: directory.path,
    stdio: 'ignore',
    detached: true,
  });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', resolve);
    child.once('error', () => resolve());
  });
  const close = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
    await directory.remove();
  };
  try {
    await eventually('PgBouncer listens', async () => {
      if (child.pid !== undefined && child.exitCode === null) return (await accepts(port)) || undefined;
      throw new Error(`PgBouncer did not start: ${existsSync(logFile) ? readFileSync(logFile, 'utf8') : executable}`);
    });
  } catch (error) {
    await close();
    throw error;
  }
  url.host = `127.0.0.1:${String(port)}`;
  return { url: url.href, close };
}

function configOf(url: URL, port: number, directory: string): string {
  return `[databases]
* = host=${url.hostname} port=${url.port || '5432'}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${String(port)}
unix_socket_dir =
auth_type = trust
auth_file = ${join(directory, 'users.txt')}
pool_mode = transaction
max_client_conn = 200
default_pool_size = 20
pidfile = ${join(directory, 'pid')}
logfile = ${join(directory, 'log')}
`;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
