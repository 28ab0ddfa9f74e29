import { closeSync, openSync } from 'node:fs';

/**
 * Makes a file that only its owner may read, unless there is one: SQLite would make it readable by others, and gives what it
 * puts beside a file, such as its journal, the mode that the file has at that moment.
 *
 * What is there is not opened, since closing any descriptor of a file drops the locks that this process has on it.
 */
export function makeMissingFile(file: string): void {
  try {
    closeSync(openSync(file, 'ax', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
