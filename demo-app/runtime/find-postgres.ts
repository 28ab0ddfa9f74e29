import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const DEBIAN = '/usr/lib/postgresql';

/**
 * Finds the directory with `initdb` and `postgres`: `PG_BIN`, else the newest of Debian's, else one of `PATH`. Undefined
 * when there is none.
 *
 * @throws Error when `PG_BIN` is set and has no PostgreSQL in it.
 */
export function findPostgres(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const named = env['PG_BIN'];
  if (named) {
    if (hasServer(named)) return named;
    throw new Error(`PG_BIN is ${named}, where initdb or postgres is missing. Set it to their directory, or unset it.`);
  }
  const onPath = (env['PATH'] ?? '').split(delimiter).filter((directory) => directory !== '');
  return [...debianDirectories(), ...onPath].find(hasServer);
}

/** Newest first. */
function debianDirectories(): string[] {
  if (!existsSync(DEBIAN)) return [];
  const versions = readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a));
  return versions.map((version) => join(DEBIAN, version, 'bin'));
}

function hasServer(directory: string): boolean {
  return ['initdb', 'postgres'].every((program) => existsSync(join(directory, program)));
}
