import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

export const run = promisify(execFile);

/**
 * Packs the repository as `npm publish` would, with what was last built, and returns the tarball's path. Not with a build of its
 * own, which would take dist/ away from under whatever else uses it at the same time.
 */
export async function packInto(directory: string, repository: string): Promise<string> {
  if (!existsSync(join(repository, 'dist', 'esm', 'index.js'))) throw new Error('Run `npm run build` first');
  const args = ['pack', '--silent', '--ignore-scripts', '--pack-destination', directory];
  await run('npm', args, { cwd: repository, shell: onWindows });
  const tarball = readdirSync(directory).find((name) => name.endsWith('.tgz'));
  if (tarball === undefined) throw new Error('npm pack left no tarball');
  return join(directory, tarball);
}

/** Links `path` to the directory `target`, and makes the directories above it. */
export function link(target: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path, 'junction');
}

const onWindows = process.platform === 'win32';
