import { lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const fileName = '.gitignore';
/** Everything in the directory, this file included. */
const content = '*\n';

/**
 * Puts a `.gitignore` into the directory of an outbox if there is none, so that nobody commits notifications. Never fails: the
 * outbox works without it.
 */
export function keepOutOfGit(directory: string): void {
  try {
    writeFileSync(join(directory, fileName), content, { flag: 'wx', mode: 0o600 });
  } catch {
    // It is there already, or another process was faster, or it cannot be written.
  }
}

/** Whether the file with this name is the one that `keepOutOfGit` makes. */
export function isOwnGitignore(directory: string, name: string): boolean {
  if (name !== fileName) return false;
  const file = join(directory, name);
  try {
    // Not a pipe, which nobody may ever write to.
    return lstatSync(file).isFile() && readFileSync(file, 'utf8') === content;
  } catch {
    return false;
  }
}
