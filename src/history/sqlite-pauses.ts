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
  /** Puts what is known of an earlier file into one that was begun anew: before all that it has, and nothing that it has. */
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
  const restore = database.prepare(
    `INSERT INTO pause (target, number, is_paused, changed_by, changed_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  );
  const read = (): readonly PauseChange[] => (select.all() as SqliteRow[]).map(changeOf);
  return {
    readPauseChanges: read,
    restoreChanges(known) {
      const kept = new Set(read().map(({ target }) => target));
      const missing = known.filter(({ target }) => !kept.has(target));
      for (const [index, { target, isPaused, by, at }] of missing.entries())
        restore.run(target ?? '', index - missing.length, isPaused ? 1 : 0, by, at);
      if (missing.length > 0) database.exec(intoFile);
    },
    changePause(change, at) {
      const { target, isPaused, by } = change;
      const before = read();
      if (!isDifference(before, change)) return { before, after: before };
      write.run(target ?? '', isPaused ? 1 : 0, by, at);
      database.exec(intoFile);
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
