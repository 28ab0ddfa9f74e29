import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { postgresEnvironment } from './postmaster.js';
import type { UserId } from './unprivileged-user.js';

/**
 * Makes the data of a new PostgreSQL, `data` in the directory. Where `PG_CLUSTER_DIR` names a directory, the first data are kept in
 * it and copied from then on, which takes a fifth of the time. Throws with what `initdb` printed if it fails.
 */
export function createCluster(bin: string, directory: string, user: UserId): void {
  const kept = process.env['PG_CLUSTER_DIR'];
  if (kept === undefined) {
    initialise(bin, directory, user);
    return;
  }
  const original = join(kept, 'data');
  if (!existsSync(original)) keepOriginal(bin, kept, user);
  run('cp', ['-Rp', original, join(directory, 'data')], directory, user);
}

function keepOriginal(bin: string, kept: string, user: UserId): void {
  const made = mkdtempSync(join(kept, 'made-'));
  if (user.uid !== undefined) for (const path of [kept, made]) chownSync(path, user.uid, user.gid ?? user.uid);
  initialise(bin, made, user);
  try {
    renameSync(join(made, 'data'), join(kept, 'data'));
  } catch (error) {
    // Another process may have been first, and its data are as good.
    if (!existsSync(join(kept, 'data'))) throw error;
  }
}

function initialise(bin: string, directory: string, user: UserId): void {
  // Its files are on the disk once the first checkpoint of a durable server is.
  const options = ['-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
  run(join(bin, 'initdb'), ['-D', join(directory, 'data'), ...options], directory, user);
}

function run(program: string, args: readonly string[], cwd: string, user: UserId): void {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    ...user,
    cwd,
    env: postgresEnvironment,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${program} failed: ${error?.message ?? stdout + stderr}`);
}
