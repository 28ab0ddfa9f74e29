import { closeSync, existsSync, lstatSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { deliveryLockFile } from './lock-file.js';
import { applicationId, isNewerSchema } from './schema.js';

/** Every version has it. */
const ourTable = 'CREATE TABLE tally';

/** What a file at the outbox's place is, as far as its first bytes tell. */
export type FileHeader =
  | { readonly kind: 'empty' }
  | { readonly kind: 'outbox'; readonly schemaVersion: number }
  | { readonly kind: 'damaged' }
  | { readonly kind: 'foreign'; readonly isSqlite: boolean };

/**
 * An SQLite file says so in its first 16 bytes, the version of its tables at byte 60, and whose it is at byte 68
 * (https://www.sqlite.org/fileformat.html section 1.3). An SQLite file without our mark is foreign, unless our tables are on its
 * first page. One that is not an SQLite file is damaged rather than foreign if it has our mark or stands beside the lock file of
 * an outbox.
 *
 * Closing a descriptor drops the locks that this process has on the file, so no connection of it may be open.
 */
export function readFileHeader(file: string): FileHeader {
  const header = Buffer.alloc(4096);
  const descriptor = openSync(file, 'r');
  let length: number;
  try {
    length = readSync(descriptor, header, 0, header.length, 0);
  } finally {
    closeSync(descriptor);
  }
  if (length === 0) return { kind: 'empty' };
  const isSqlite = header.toString('latin1', 0, 16) === 'SQLite format 3\0';
  // What is cut off is none; and these three never change.
  const isWholeHeader = isSqlite && length >= 512 && header.readUIntBE(21, 3) === 0x40_20_20;
  const isOurs = header.readUInt32BE(68) === applicationId;
  if (isSqlite && isOurs) return { kind: 'outbox', schemaVersion: header.readUInt32BE(60) };
  const isDamaged = isOurs || (isWholeHeader ? header.includes(ourTable) : existsSync(deliveryLockFile(file)));
  return isDamaged ? { kind: 'damaged' } : { kind: 'foreign', isSqlite };
}

const pageSize = 4096;

/**
 * Lets SQLite read as much of the copy of a damaged file as there is. The first page has the header and the schema on it and nothing
 * else, and is the same in every outbox of a version, since in a file that can be vacuumed bit by bit the tables' roots stay
 * at the front. Any bit of it may cost every row, so it is replaced by that of a fresh outbox. Should the log have a newer
 * one, which checksums guard, then SQLite reads that.
 *
 * It is also what makes a file of no length one of some: otherwise SQLite deletes its log, which may be all there is.
 */
export function revealRows(copy: string, fresh: string): void {
  const page = firstPageOf(fresh);
  const version = firstPageOf(copy).readUInt32BE(versionAt);
  // The schema of an earlier version is another one.
  if (version > 0 && version < page.readUInt32BE(versionAt)) return;
  // 2: with a log.
  page.fill(2, 18, 20);
  // How many pages there are is not the fresh one's; it counts only while the number here is the one at byte 24.
  page.writeUInt32BE(0, 92);
  const descriptor = openSync(copy, 'r+');
  try {
    writeSync(descriptor, page, 0, pageSize, 0);
  } finally {
    closeSync(descriptor);
  }
}

/** Whether a file was cut off so near its front that SQLite takes it for an empty one, and would delete its log. */
export function isCutToNothing(file: string): boolean {
  const { size } = statSync(file);
  const logSize = statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  return size < pageSize && (size > 0 || logSize > 0);
}

// https://www.sqlite.org/fileformat.html section 1.3
const versionAt = 60;

function firstPageOf(file: string): Buffer {
  const page = Buffer.alloc(pageSize);
  const descriptor = openSync(file, 'r');
  try {
    readSync(descriptor, page, 0, pageSize, 0);
  } finally {
    closeSync(descriptor);
  }
  return page;
}

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
