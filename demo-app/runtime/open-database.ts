import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import type { DatabaseSyncInstance } from '@photostructure/sqlite';

/** The class and its instances have different names in this package; a database is spelled one way here. */
export type Database = DatabaseSyncInstance;

const BUSY_TIMEOUT_MS = 5000;

/** Opens an SQLite file, making the file, its directory and the tables of `schema` where they are missing. */
export function openDatabase(file: string, schema: string): Database {
  // Only its owner may look inside: the files hold names and e-mail addresses.
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
  database.exec('PRAGMA journal_mode = WAL');
  database.exec(schema);
  return database;
}
