import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import type { DatabaseSyncInstance } from '@photostructure/sqlite';

/** The package's name for an instance of `DatabaseSync`. */
export type Database = DatabaseSyncInstance;

const BUSY_TIMEOUT_MS = 5000;

/** Opens an SQLite file. Creates the file, its directory and the tables of `schema` if they are missing. */
export function openDatabase(file: string, schema: string): Database {
  // Only the owner may read the directory: the files have names and e-mail addresses.
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
  database.exec('PRAGMA journal_mode = WAL');
  database.exec(schema);
  return database;
}

/**
 * Runs `work` as one transaction, and rolls back if it throws. It takes the write lock at once, so that what `work` reads
 * is still true when it writes, even with a second process on the same file.
 */
export function inTransaction<Result>(database: Database, work: () => Result): Result {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    // SQLite itself may have rolled back already, for example on a full disk.
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}
