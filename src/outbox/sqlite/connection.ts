import { CRMConfigError } from '../../core/errors.js';
import { migrate } from './schema.js';
import { loadSqlite, type SqliteDatabase } from './sqlite-driver.js';

export interface ConnectionOptions {
  /** The file, as `prepareOutboxFile` made it. */
  readonly file: string;
  readonly sync: 'full' | 'normal';
}

/**
 * Opens the file with its tables in place. Rejects with `CRMConfigError` when there is no SQLite, the file is in use by
 * another process or was written by a newer version.
 */
export async function openConnection({ file, sync }: ConnectionOptions): Promise<SqliteDatabase> {
  const open = await loadSqlite();
  const database = open(file);
  try {
    // One process at a time: another that opens the file meanwhile is refused instead of delivering the same twice.
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    // What is delivered is personal data that has done its duty: overwritten, not only unlinked.
    database.exec('PRAGMA secure_delete = ON');
    // The tables come first: in the older journal mode they reach the file itself, so that its header says whose it is.
    migrate(database);
    database.exec('PRAGMA journal_mode = WAL');
    database.exec(`PRAGMA synchronous = ${sync === 'full' ? 'FULL' : 'NORMAL'}`);
    // On macOS only this makes "on disk" true; elsewhere it does nothing.
    if (sync === 'full') database.exec('PRAGMA fullfsync = ON');
  } catch (error) {
    database.close();
    throw isBusy(error) ? inUse(error) : error;
  }
  return database;
}

/**
 * Closes a connection and leaves nothing but the file: no log, no lock. Node 20's driver would keep both until the
 * statements are collected as garbage, so they are given up first.
 */
export function closeConnection(database: SqliteDatabase): void {
  try {
    // The log holds what was delivered lately; leaving its mode removes it.
    database.exec('PRAGMA journal_mode = DELETE');
    // The lock goes at the next read after this, and only outside of that mode.
    database.exec('PRAGMA locking_mode = NORMAL');
    database.exec('PRAGMA user_version');
  } catch {
    // On a full disk the log stays, and the next start reads it.
  }
  database.close();
}

/** SQLITE_BUSY, in whatever extended form: https://www.sqlite.org/rescode.html. */
function isBusy(error: unknown): boolean {
  return (Number((error as { errcode?: unknown }).errcode) & 0xff) === 5;
}

function inUse(cause: unknown): CRMConfigError {
  const message = 'is in use by another process; give each process a directory of its own';
  return new CRMConfigError([{ path: 'outbox (CRM_OUTBOX)', message }], { cause });
}
