import { rollBack } from '../outbox/sqlite/roll-back.js';
import type { SqliteDatabase, SqliteRow } from '../outbox/sqlite/sqlite-driver.js';
import type { ChangedPauses, PauseChange } from './history.js';
import { newestChanges } from './newest-changes.js';
import { isDifference } from './paused-by-hand.js';

export interface PauseReading {
  /** The latest change by hand of each target, and of all at once, in the order in which they were made. */
  readPauseChanges(): readonly PauseChange[];
}

export interface PauseWriting {
  /** As `History.changePause`. */
  changePause(change: Omit<PauseChange, 'at'>, at: number): ChangedPauses;
  /** Puts what is known of an earlier file into one that has taken its place: the newest change of each target. */
  restoreChanges(known: readonly PauseChange[]): void;
}

/** Without a target a change is of all. No clock decides which is the latest: a clock may jump. */
export const pausesTable = `
  CREATE TABLE IF NOT EXISTS pause (
    target TEXT PRIMARY KEY,
    number INTEGER NOT NULL,
    is_paused INTEGER NOT NULL,
    changed_by TEXT,
    changed_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;`;

/** Somebody who tidies up may take the log for rubbish. */
const intoFile = 'PRAGMA wal_checkpoint(PASSIVE)';

const selectChanges = 'SELECT target, is_paused, changed_by, changed_at FROM pause ORDER BY number, target';

/** Of a history that this process writes, so its tables are there. */
export function preparePauses(database: SqliteDatabase): PauseReading & PauseWriting {
  const select = database.prepare(selectChanges);
  const write = database.prepare(
    `INSERT INTO pause (target, number, is_paused, changed_by, changed_at)
     VALUES (?, (SELECT coalesce(max(number), 0) + 1 FROM pause), ?, ?, ?)
     ON CONFLICT (target) DO UPDATE SET number = excluded.number, is_paused = excluded.is_paused,
       changed_by = excluded.changed_by, changed_at = excluded.changed_at`,
  );
  const read = (): readonly PauseChange[] => (select.all() as SqliteRow[]).map(changeOf);
  return {
    readPauseChanges: read,
    restoreChanges(known) {
      if (known.length === 0) return;
      database.exec('BEGIN IMMEDIATE');
      try {
        const own = read();
        const newest = newestChanges(own, known);
        // In their order.
        if (newest.some((change) => !own.includes(change)))
          for (const { target, isPaused, by, at } of newest) write.run(target ?? '', isPaused ? 1 : 0, by, at);
        database.exec('COMMIT');
      } catch (error) {
        rollBack(database);
        throw error;
      }
      database.exec(intoFile);
    },
    changePause(change, at) {
      const { target, isPaused, by } = change;
      const before = read();
      const isDifferent = isDifference(before, change);
      // A resumption is kept also where nothing is paused: a process may know of a pause that this file has lost.
      if (isDifferent || !(isPaused || before.some((one) => one.target === target))) {
        write.run(target ?? '', isPaused ? 1 : 0, by, at);
        database.exec(intoFile);
      }
      return { before, after: isDifferent ? read() : before };
    },
  };
}

/** Of a history that is only read: an earlier version may have made it, without the table. */
export function readPauseChanges(database: SqliteDatabase): readonly PauseChange[] {
  const found = database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'pause'").get();
  return found === undefined ? [] : (database.prepare(selectChanges).all() as SqliteRow[]).map(changeOf);
}

function changeOf({ target, is_paused: isPaused, changed_by: by, changed_at: at }: SqliteRow): PauseChange {
  return {
    target: target === '' ? null : String(target),
    isPaused: Number(isPaused) === 1,
    by: typeof by === 'string' ? by : null,
    at: Number(at),
  };
}
