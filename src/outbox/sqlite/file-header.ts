import { closeSync, existsSync, lstatSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { deliveryLockFile } from './lock-file.js';
import { applicationId, isNewerSchema } from './schema.js';

const pageSize = 4096;
// https://www.sqlite.org/fileformat.html section 1.3
const headerSize = 100;
/** Every version of the schema has it. */
const ourTable = 'CREATE TABLE tally';
/** Only the newest version has it. */
const newestColumn = 'last_position';

/** What kind of file is at the outbox's path, judging by its first bytes. */
export type FileHeader =
  | { readonly kind: 'empty' }
  | { readonly kind: 'outbox'; readonly schemaVersion: number }
  | { readonly kind: 'damaged' }
  | { readonly kind: 'foreign'; readonly isSqlite: boolean };

/**
 * The first 16 bytes of an SQLite file identify it as one, byte 60 has the version of its tables, and byte 68 the application's
 * id (https://www.sqlite.org/fileformat.html section 1.3). An SQLite file without our id is foreign, unless our tables are on its
 * first page. A file that is not SQLite is damaged rather than foreign if it has our id or if an outbox's lock file is beside it.
 *
 * Closing a descriptor drops all locks of this process on the file, so this process must have no open connection to it.
 */
export function readFileHeader(file: string): FileHeader {
  const { page, length } = readFirstPage(file);
  if (length === 0) return { kind: 'empty' };
  const isSqlite = page.toString('latin1', 0, 16) === 'SQLite format 3\0';
  // A truncated header is not whole; and these three bytes never change.
  const isWholeHeader = isSqlite && length >= 512 && page.readUIntBE(21, 3) === 0x40_20_20;
  const isOurs = page.readUInt32BE(68) === applicationId;
  if (isSqlite && isOurs) return { kind: 'outbox', schemaVersion: page.readUInt32BE(60) };
  const isDamaged = isOurs || (isWholeHeader ? page.includes(ourTable) : existsSync(deliveryLockFile(file)));
  return isDamaged ? { kind: 'damaged' } : { kind: 'foreign', isSqlite };
}

/**
 * Lets SQLite read as much as possible of a damaged file's copy. The first page holds only the header and the schema, and is the
 * same in every outbox of a version, because incremental vacuum keeps the tables' roots at the front. A single wrong bit in it
 * may cost every row, so it is replaced by the first page of a fresh outbox. If the log has a newer first page, which checksums
 * protect, SQLite reads that one.
 *
 * It also gives an empty file a length: otherwise SQLite deletes its log, which may be all that is left.
 */
export function replaceFirstPage(copy: string, fresh: string): void {
  const { page } = readFirstPage(fresh);
  const { page: damagedPage } = readFirstPage(copy);
  // An earlier version has a different schema, and its number may be damaged; only the header is the same in all.
  const isEarlier = damagedPage.includes(ourTable) && !damagedPage.includes(newestColumn);
  // 2 stands for a write-ahead log.
  page.fill(2, 18, 20);
  // The fresh file's page count is wrong here; SQLite ignores it when the number at byte 92 differs from byte 24's.
  page.writeUInt32BE(0, 92);
  const descriptor = openSync(copy, 'r+');
  try {
    writeSync(descriptor, page, 0, isEarlier ? headerSize : pageSize, 0);
  } finally {
    closeSync(descriptor);
  }
}

/** Whether a file was cut off so near its start that SQLite would take it for an empty one and delete its log. */
export function isCutToNothing(file: string): boolean {
  const { size } = statSync(file);
  const logSize = statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  return size < pageSize && (size > 0 || logSize > 0);
}

/** Whether there is nothing to read: no file, or one that was only made. */
export function isMissingOrEmpty(file: string): boolean {
  const found = statSync(file, { throwIfNoEntry: false });
  return found === undefined || (found.size === 0 && !isCutToNothing(file));
}

/** The first page of a file, with zeros where the file ends before; `length` is how much of it there is. */
function readFirstPage(file: string): { readonly page: Buffer; readonly length: number } {
  const page = Buffer.alloc(pageSize);
  const descriptor = openSync(file, 'r');
  try {
    return { page, length: readSync(descriptor, page, 0, pageSize, 0) };
  } finally {
    closeSync(descriptor);
  }
}

/** Describes what is at the path of an outbox's file but cannot be used as one; undefined if nothing like that is there. */
export function describeIntruder(file: string): string | undefined {
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

/** Whether a path exists and is not a directory: a file, for example, or a link to a directory. */
export function isNoDirectory(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === false;
}
