import { migrate } from './schema.js';
import { isBusy } from './sqlite-errors.js';
import type { OpenSqlite, SqliteDatabase, SqliteRow } from './sqlite-driver.js';

export interface ConnectionOptions {
  /** The file, as `prepareOutboxFile` made it. */
  readonly file: string;
  readonly sync: 'full' | 'normal';
}

const busyTimeoutMs = 5_000;

/**
 * Opens the file with its tables in place. Several processes may have it open; writers wait for each other. Throws
 * `CRMConfigError` when it was written by a newer version, and whatever SQLite throws when it is damaged.
 */
export function openConnection(open: OpenSqlite, { file, sync }: ConnectionOptions): SqliteDatabase {
  const database = open(file);
  try {
    database.exec(`PRAGMA busy_timeout = ${String(busyTimeoutMs)}`);
    // What is delivered is personal data that has done its duty: overwritten, not only unlinked.
    database.exec('PRAGMA secure_delete = ON');
    // The tables come first: in the older journal mode they reach the file itself, so that its header says whose it is.
    migrate(database);
    useWriteAheadLog(database);
    database.exec(`PRAGMA synchronous = ${sync === 'full' ? 'FULL' : 'NORMAL'}`);
    // On macOS only this makes "on disk" true; elsewhere it does nothing.
    if (sync === 'full') database.exec('PRAGMA fullfsync = ON');
    // Each checkpoint confirms two files, for several milliseconds, in which nothing is accepted: a quarter as many as usual.
    database.exec('PRAGMA wal_autocheckpoint = 4000');
    // After a burst the log is cut back to this.
    database.exec('PRAGMA journal_size_limit = 16777216');
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}

/** Another process that opens or closes the file at this moment may be in the way; it is soon done. */
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
 * Closes a connection and, if it was the last one, leaves nothing but the file: no log. Node 20's driver would keep the
 * log until the statements are collected as garbage, so it is given up first.
 */
export function closeConnection(database: SqliteDatabase): void {
  try {
    // Another process that has the file open keeps its log; that is no reason to wait.
    database.exec('PRAGMA busy_timeout = 0');
    // The log holds what was delivered lately; leaving its mode removes it.
    database.exec('PRAGMA journal_mode = DELETE');
  } catch {
    // In use elsewhere, or the disk is full: the log stays, and is read by whoever opens the file next.
  }
  database.close();
}
