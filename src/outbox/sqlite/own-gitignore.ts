import { join } from 'node:path';
import { holdsExactly, tryToMake } from './small-file.js';

const fileName = '.gitignore';
/** Everything in the directory, this file included. */
const content = '*\n';

/**
 * Puts a `.gitignore` into the directory of an outbox if there is none, so that nobody commits notifications. Never fails: the
 * outbox works without it.
 */
export function keepOutOfGit(directory: string): void {
  tryToMake(join(directory, fileName), content);
}

/** Whether the file with this name is the one that `keepOutOfGit` makes. */
export function isOwnGitignore(directory: string, name: string): boolean {
  return name === fileName && holdsExactly(join(directory, name), content);
}
