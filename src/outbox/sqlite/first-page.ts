import { closeSync, openSync, readSync, statSync, writeSync } from 'node:fs';

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
