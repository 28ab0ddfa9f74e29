import { migrate } from './schema.js';
import { isBusy } from './sqlite-errors.js';
import type { OpenSqlite, SqliteDatabase, SqliteRow } from './sqlite-driver.js';

export interface ConnectionOptions {
  /** The file that `prepareOutboxFile` returned. */
  readonly file: string;
  readonly sync: 'full' | 'normal';
}

/** How long a call waits for another process that has the file locked. */
export const busyTimeoutMs = 5_000;

/**
 * Opens the file, and makes or migrates its tables. Several processes may have it open; writers wait for each other. Throws
 * `CRMConfigError` when it was written by a newer version, and SQLite's own error when it is damaged.
 */
export function openConnection(open: OpenSqlite, { file, sync }: ConnectionOptions): SqliteDatabase {
  const database = open(file);
  try {
    database.exec(`PRAGMA busy_timeout = ${String(busyTimeoutMs)}`);
    // Delivered notifications are personal data that is no longer needed: overwrite it, do not only unlink it.
    database.exec('PRAGMA secure_delete = ON');
    // Tables first: in the older journal mode they are written to the file itself, so that its header shows whose it is.
    migrate(database);
    useWriteAheadLog(database);
    database.exec(`PRAGMA synchronous = ${sync === 'full' ? 'FULL' : 'NORMAL'}`);
    // On macOS data reaches the disk only with this; elsewhere it does nothing.
    if (sync === 'full') database.exec('PRAGMA fullfsync = ON');
    // Each checkpoint syncs two files; nothing is accepted for several milliseconds. So, a quarter as many as by default.
    database.exec('PRAGMA wal_autocheckpoint = 4000');
    // After a burst the log is truncated to this size.
    database.exec('PRAGMA journal_size_limit = 16777216');
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}

/** Tries again while another process is opening or closing the file, which takes it only a moment. */
function useWriteAheadLog(database: SqliteDatabase): void {
  for (let tries = 1; ; tries += 1) {
    try {
      const { journal_mode: mode } = database.prepare('PRAGMA journal_mode = WAL').get() as SqliteRow;
      if (mode === 'wal') return;
    } catch (error) {
      if (!isBusy(error) || tries === 100) throw error;
    }
    if (tries === 100) throw new Error('the write-ahead log cannot be used here');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
  }
}

/**
 * Closes a connection and, if it was the last one, removes the log, so that only the file remains. Node 20's driver would keep
 * the log until the statements are collected as garbage, so this leaves the log's mode first.
 */
export function closeConnection(database: SqliteDatabase): void {
  try {
    // If another process has the file open, the log stays; do not wait for that process.
    database.exec('PRAGMA busy_timeout = 0');
    // The log holds what was delivered recently; leaving its mode removes it.
    database.exec('PRAGMA journal_mode = DELETE');
  } catch {
    // In use elsewhere, or the disk is full: the log stays, and the next connection reads it.
  }
  database.close();
}
