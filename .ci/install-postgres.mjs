// The servers of the tests on PostgreSQL: Debian's PostgreSQL and PgBouncer. Installs what is missing where that may be done,
// and lets Debian neither make a database cluster nor start a service: the tests start servers of their own. Elsewhere says
// what is missing, and those tests are skipped.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { findPostgres } from '../demo-app/runtime/find-postgres.ts';

const missing = [];
if (findPostgres() === undefined) missing.push('postgresql');
if (!existsSync(process.env.PGBOUNCER_PATH ?? '/usr/sbin/pgbouncer')) missing.push('pgbouncer');

const isDebian = existsSync('/etc/debian_version') && existsSync('/usr/bin/apt-get');
if (process.env.PG_TEST_URL) console.log('PG_TEST_URL is set: the tests that only need a database use that server.');
else if (missing.length > 0 && isDebian && process.getuid?.() === 0) install(missing);
else if (missing.includes('postgresql'))
  console.log(
    'No PostgreSQL: its tests are skipped. Install one, or set PG_BIN to the directory with its initdb, or start the one of ' +
      'compose.yaml and set PG_TEST_URL.',
  );
else if (missing.length > 0) console.log('No PgBouncer: its tests are skipped. Install one, or set PGBOUNCER_PATH.');

function install(packages) {
  console.log(`Installing ${packages.join(' and ')} for the tests on PostgreSQL (apt-get, about half a minute) …`);
  const removeAll = [
    writeUnlessThere('/etc/postgresql-common/createcluster.d/crm-notifier.conf', 'create_main_cluster = false\n'),
    writeUnlessThere('/usr/sbin/policy-rc.d', '#!/bin/sh\nexit 101\n'),
  ];
  try {
    run('apt-get', '-qq', 'update');
    run('apt-get', '-qq', '-y', '--no-install-recommends', 'install', ...packages);
    // It would start with the next boot.
    if (packages.includes('pgbouncer')) run('update-rc.d', 'pgbouncer', 'disable');
  } finally {
    for (const remove of removeAll) remove();
  }
}

function run(command, ...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const { status, stdout, stderr } = spawnSync(command, args, { env, encoding: 'utf8' });
  if (status === 0) return;
  console.error(stdout + stderr);
  console.error(`${command} ${args.join(' ')} failed. Install PostgreSQL and PgBouncer by hand, or set PG_BIN.`);
  process.exitCode = 1;
}

/** Returns a function that removes the file again, and the directories made for it. */
function writeUnlessThere(path, text) {
  if (existsSync(path)) return () => undefined;
  const firstMade = mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode: 0o755 });
  return () => {
    rmSync(path);
    if (firstMade === undefined) return;
    // What Debian has put there meanwhile stays.
    for (let directory = dirname(path); directory.length >= firstMade.length; directory = dirname(directory)) {
      try {
        rmdirSync(directory);
      } catch {
        return;
      }
    }
  };
}
