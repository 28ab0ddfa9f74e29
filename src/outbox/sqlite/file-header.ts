import { closeSync, existsSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { deliveryLockFile } from './file-lock.js';
import { applicationId } from './schema.js';

// https://www.sqlite.org/fileformat.html section 1.3
const headerSize = 100;
const formatAt = 18;
const schemaVersionAt = 60;
const applicationIdAt = 68;
const pageCountValidAt = 92;
const pageSize = 4096;

/** What a file at the outbox's place is, judging by its header. */
export type FileHeader =
  | { readonly kind: 'empty' }
  | { readonly kind: 'outbox'; readonly schemaVersion: number }
  | { readonly kind: 'damaged' }
  | { readonly kind: 'foreign'; readonly isSqlite: boolean };

/**
 * An outbox has two marks: SQLite's, and our application id. A file that lacks one is damaged rather than foreign if it has the
 * other or is beside the lock file of an outbox.
 *
 * Closing a descriptor drops the locks that this process has on the file, so no connection of it may be open.
 */
export function readFileHeader(file: string): FileHeader {
  const { bytes, length } = readFront(file, headerSize);
  if (length === 0) return { kind: 'empty' };
  const isSqlite = bytes.toString('latin1', 0, 16) === 'SQLite format 3\0';
  const isOurs = bytes.readUInt32BE(applicationIdAt) === applicationId;
  if (isSqlite && isOurs) return { kind: 'outbox', schemaVersion: bytes.readUInt32BE(schemaVersionAt) };
  return isOurs || existsSync(deliveryLockFile(file)) ? { kind: 'damaged' } : { kind: 'foreign', isSqlite };
}

/**
 * Makes as much of a damaged file readable as there is. The first page holds the header and the schema and nothing else, and is
 * the same in every outbox of a version, since in a file that can be vacuumed bit by bit the roots of the tables stay at the
 * front. Any bit of it may cost every row, so the page of a fresh outbox takes its place. Should the log have a newer one, which
 * is guarded by checksums, SQLite reads that.
 *
 * It also gives a file of no length one: otherwise SQLite deletes the log, which may be all there is.
 */
export function replaceFirstPage(file: string, fresh: string): void {
  const page = readFront(fresh, pageSize).bytes;
  const version = readFront(file, pageSize).bytes.readUInt32BE(schemaVersionAt);
  // The schema of an earlier version is another one.
  if (version > 0 && version < page.readUInt32BE(schemaVersionAt)) return;
  // 2: with a log.
  page.fill(2, formatAt, formatAt + 2);
  // The number of pages is not the fresh one's; it only counts while the number here is the one at byte 24.
  page.writeUInt32BE(0, pageCountValidAt);
  const descriptor = openSync(file, 'r+');
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

/** The first bytes of a file, with zeros where it is shorter. */
function readFront(file: string, size: number): { readonly bytes: Buffer; readonly length: number } {
  const bytes = Buffer.alloc(size);
  const descriptor = openSync(file, 'r');
  try {
    return { bytes, length: readSync(descriptor, bytes, 0, size, 0) };
  } finally {
    closeSync(descriptor);
  }
}
