import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';

export const run = promisify(execFile);

/**
 * Packs a copy of the repository as `npm publish` would, build included, and returns the tarball's path. A copy, because a
 * build takes dist/ away from under whatever else uses it at the same time.
 */
export async function packInto(directory: string, repository: string): Promise<string> {
  const copy = join(directory, 'repository');
  const leftOut = new Set(['node_modules', '.git', 'dist', 'coverage', 'demo-app', '.crm-outbox']);
  cpSync(repository, copy, {
    recursive: true,
    filter: (from) => dirname(from) !== repository || !leftOut.has(basename(from)),
  });
  link(join(repository, 'node_modules'), join(copy, 'node_modules'));
  try {
    await run('npm', ['pack', '--silent', '--pack-destination', directory], { cwd: copy, shell: onWindows });
  } catch (error) {
    // A build that fails complains on standard output.
    throw new Error(`npm pack failed: ${(error as { stdout?: string }).stdout ?? ''}`, { cause: error });
  }

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
