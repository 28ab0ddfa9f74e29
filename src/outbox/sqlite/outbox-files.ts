import { chmodSync, closeSync, openSync, statSync } from 'node:fs';
import type { SqliteDatabase, SqliteRow } from './sqlite-driver.js';

/** The files of an outbox while it is open, by their inodes: a file with another number is another file. */
export interface FileIdentity {
  readonly file: number | undefined;
  /** What SQLite keeps beside it: the log, and the memory that processes share to read it. */
  readonly log: number | undefined;
  readonly shared: number | undefined;
}

export function identityOf(file: string): FileIdentity {
  return { file: inodeOf(file), log: inodeOf(`${file}-wal`), shared: inodeOf(`${file}-shm`) };
}

/** Whether all of them are still the same. */
export function isSame(identity: FileIdentity, file: string): boolean {
  return (
    inodeOf(file) === identity.file &&
    inodeOf(`${file}-wal`) === identity.log &&
    inodeOf(`${file}-shm`) === identity.shared
  );
}

/** The inode that has this name now; undefined when there is none. */
export function inodeOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.ino;
}

/** Notices when something other than SQLite writes into a file that is in use: a backup that is copied over it, say. */
export interface OverwriteWatch {
  /** Whether the file has changed since the last `look`, though nobody has committed anything since. */
  isOverwritten(): boolean;
  /** Takes everything until now for known. */
  look(): void;
}

interface Look {
  readonly stamp: string;
  readonly commits: string;
}

/**
 * With a log, the file itself is written at checkpoints alone, and those follow commits. In a busy file nothing stands out, so
 * this sees only what happens to an idle one.
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

/**
 * Makes a file that only its owner may read, unless there is one: SQLite would make it readable by others, and gives its further
 * files, such as the journal, the mode that this one has at that moment.
 *
 * A file that is there is not opened: closing any descriptor of a file drops the locks that this process has on it.
 */
export function makeMissingFile(file: string): void {
  try {
    closeSync(openSync(file, 'ax', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Makes a file if it is missing, and closes it to others in any case. No connection of it may be open. */
export function makePrivateFile(file: string): void {
  closeSync(openSync(file, 'a', 0o600));
  chmodSync(file, 0o600);
}

/** How much an outbox takes up on the disk, in bytes: its file and its log. A missing one counts as nothing. */
export function sizeOnDisk(file: string): number {
  return sizeOf(file) + sizeOf(`${file}-wal`);
}

function sizeOf(file: string): number {
  try {
    return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  } catch {
    return 0;
  }
}
