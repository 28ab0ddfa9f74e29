import { lstatSync } from 'node:fs';
import { readFileHeader } from './file-header.js';
import { isNewerSchema } from './schema.js';

/** What has come into the place of an outbox's file and is no file to go on with; undefined when there is nothing like that. */
export function intruderAt(file: string): string | undefined {
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  if (found.isSymbolicLink()) return 'a symbolic link';
  if (!found.isFile()) return found.isDirectory() ? 'a directory' : 'no file';
  const header = readFileHeader(file);
  if (header.kind === 'outbox' && isNewerSchema(header.schemaVersion))
    return `the outbox of a newer express-crm-notifier (schema ${String(header.schemaVersion)})`;
  if (header.kind === 'foreign')
    return header.isSqlite ? 'another application’s database' : 'another application’s file';
  return undefined;
}

/** Whether a path is there and is no directory: a file, say, or a link to a directory. */
export function isNoDirectory(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === false;
}
