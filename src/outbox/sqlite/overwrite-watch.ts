import { statSync } from 'node:fs';
import type { SqliteDatabase, SqliteRow } from './sqlite-driver.js';

/** Looks whether somebody who is no SQLite has written into a file that is in use: a backup copied over it, say. */
export interface OverwriteWatch {
  /** Whether the file has changed since the last `look`, though nobody has committed anything since. */
  isOverwritten(): boolean;
  /** What has happened until now is known. */
  look(): void;
}

interface Look {
  readonly stamp: string;
  readonly commits: string;
}

/**
 * With a log the file itself is written at checkpoints alone, and those follow commits. Of a file that is busy it cannot be
 * told, so this sees only what befalls an idle one.
 */
export function createOverwriteWatch(database: SqliteDatabase, file: string): OverwriteWatch {
  const selectVersion = database.prepare('PRAGMA data_version');
  const selectChanges = database.prepare('SELECT total_changes() AS changes');
  let last = lookNow();

  function lookNow(): Look {
    const found = statSync(file, { throwIfNoEntry: false });
    const { data_version: version } = selectVersion.get() as SqliteRow;
    const { changes } = selectChanges.get() as SqliteRow;
    return {
      stamp: `${String(found?.mtimeMs)} ${String(found?.size)}`,
      commits: `${String(version)} ${String(changes)}`,
    };
  }

  return {
    isOverwritten() {
      const now = lookNow();
      return now.stamp !== last.stamp && now.commits === last.commits;
    },
    look() {
      last = lookNow();
    },
  };
}
