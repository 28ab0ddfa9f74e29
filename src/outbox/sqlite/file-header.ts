import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { deliveryLockFile } from './delivery-lock.js';
import { applicationId } from './schema.js';

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
