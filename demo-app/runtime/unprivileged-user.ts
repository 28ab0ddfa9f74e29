import { spawnSync } from 'node:child_process';

/** Under whose id a program runs; empty for our own. */
export interface UserId {
  readonly uid?: number;
  readonly gid?: number;
}

/** Whom servers run as that refuse to run as root: the user `postgres` where there is one, else `nobody`. Empty unless we are root. */
export function unprivilegedUser(): UserId {
  if (process.getuid?.() !== 0) return {};
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = [idOf('-u', name), idOf('-g', name)];
    if (uid !== undefined && gid !== undefined) return { uid, gid };
  }
  throw new Error('PostgreSQL does not run as root, and there is no user postgres and no user nobody to run it as.');
}

function idOf(kind: '-u' | '-g', name: string): number | undefined {
  const { status, stdout } = spawnSync('id', [kind, name], { encoding: 'utf8' });
  return status === 0 ? Number(stdout) : undefined;
}
