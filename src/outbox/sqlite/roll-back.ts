import type { SqliteDatabase } from './sqlite-driver.js';

/**
 * Ends a transaction that failed, so that its error is the one that is known: SQLite may have rolled back by itself, as where the
 * disk is full. Explicitly, because a closed connection keeps its locks until its statements are collected as garbage.
 */
export function rollBack(database: SqliteDatabase): void {
  try {
    database.exec('ROLLBACK');
  } catch {
    // Nothing is left to roll back.
  }
}
