import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runStatement, type PostgresServer } from '../../demo-app/postgres-server.js';
import { findPostgres } from '../../demo-app/runtime/find-postgres.js';
import { freePort } from '../../demo-app/runtime/free-port.js';
import { guardedDirectory } from '../../demo-app/runtime/guarded-directory.js';
import { postgresEnvironment, startPostmaster } from '../../demo-app/runtime/postmaster.js';
import { unprivilegedUser } from '../../demo-app/runtime/unprivileged-user.js';
import { describeOnOwnPostgres } from './use-postgres.js';

const backupProgram = join(findPostgres() ?? '/', 'pg_basebackup');

/** `describe` if the tests can start a PostgreSQL and copy it, else `describe.skip`. */
export const describeWithStandby = existsSync(backupProgram) ? describeOnOwnPostgres : describe.skip;

/** A hot standby: it has what its primary has committed, and can be read. */
export interface PostgresStandby {
  readonly port: number;
  /** A database's URL at the primary, here. */
  urlOf(url: string): string;
  /** Makes it a primary. Resolves once it can be written. */
  promote(): Promise<void>;
}

/** Makes a standby of a server for a test, after which it ends. From then on the server commits nothing that the standby lacks. */
export function useStandby(): (primary: PostgresServer) => Promise<PostgresStandby> {
  const closings: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closings.splice(0)) await close();
  });

  return async (primary) => {
    const user = unprivilegedUser();
    const directory = guardedDirectory('crm-standby-', {
      user,
      script: 'test -f "$1/data/postmaster.pid" && kill -KILL $(head -n 1 "$1/data/postmaster.pid")',
    });
    closings.push(() => directory.remove());
    const data = join(directory.path, 'data');
    const { status, stderr } = spawnSync(
      backupProgram,
      ['-D', data, '-R', '--no-sync', '-c', 'fast', '-h', '127.0.0.1', '-p', String(primary.port), '-U', 'postgres'],
      { ...user, cwd: directory.path, env: postgresEnvironment, encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(`pg_basebackup failed: ${stderr}`);
    const port = await freePort();
    const settings = {
      port: String(port),
      listen_addresses: '127.0.0.1',
      unix_socket_directories: directory.path,
      dynamic_shared_memory_type: 'mmap',
      max_connections: '200',
      fsync: 'off',
      synchronous_standby_names: '',
    };
    const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const postmaster = await startPostmaster(join(findPostgres() ?? '/', 'postgres'), args, directory.path, user);
    closings.unshift(() => postmaster.kill());
    closings.push(async () => {
      // Unless the primary is gone.
      await runStatement(primary.url, 'ALTER SYSTEM RESET synchronous_standby_names').catch(() => undefined);
      await runStatement(primary.url, 'SELECT pg_reload_conf()').catch(() => undefined);
    });
    await runStatement(primary.url, `ALTER SYSTEM SET synchronous_standby_names = '*'`);
    await runStatement(primary.url, 'SELECT pg_reload_conf()');
    const urlOf = (url: string): string => Object.assign(new URL(url), { port: String(port) }).href;
    return {
      port,
      urlOf,
      promote: () => runStatement(urlOf(primary.url), 'SELECT pg_promote()'),
    };
  };
}
