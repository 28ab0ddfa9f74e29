import type { Database } from './open-database.js';

/**
 * Runs `work` as one transaction, undone when it throws. It takes the write lock at once, so what `work` reads
 * still holds when it writes, even with a second process on the same file.
 */
export function inTransaction<Result>(database: Database, work: () => Result): Result {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    // SQLite itself may have rolled back already, on a full disk for example.
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}
