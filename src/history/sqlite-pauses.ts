import type { SqliteDatabase, SqliteRow } from '../outbox/sqlite/sqlite-driver.js';
import type { ChangedPauses, PauseChange } from './history.js';
import { isDifference } from './paused-by-hand.js';

export interface PauseReading {
  /** The latest change by hand of each target, and of all at once, in the order in which they were made. */
  readPauseChanges(): readonly PauseChange[];
}

export interface PauseWriting {
  /** As `History.changePause`. */
  changePause(change: Omit<PauseChange, 'at'>, at: number): ChangedPauses;
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
    changePause(change, at) {
      const { target, isPaused, by } = change;
      const before = read();
      if (!isDifference(before, change)) return { before, after: before };
      write.run(target ?? '', isPaused ? 1 : 0, by, at);
      // Into the file itself: somebody who tidies up may take the log for rubbish.
      database.exec('PRAGMA wal_checkpoint(PASSIVE)');
      return { before, after: read() };
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
