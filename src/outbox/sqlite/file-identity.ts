import { fstatSync, lstatSync, readlinkSync, statSync } from 'node:fs';
import type { SqliteDatabase, SqliteRow } from './sqlite-driver.js';

/** Which files an outbox consists of while it is open: whatever has another number is another file. */
export interface FileIdentity {
  readonly file: number | undefined;
  /** What SQLite keeps beside it: the log, and the memory that processes share to read it. */
  readonly log: number | undefined;
  readonly shared: number | undefined;
}

export function identityOf(file: string): FileIdentity {
  return { file: inodeOf(file), log: inodeOf(`${file}-wal`), shared: inodeOf(`${file}-shm`) };
}

/** Whether all of it is still what it was. */
export function isSame(identity: FileIdentity, file: string): boolean {
  return isSameBesideLog(identity, file) && inodeOf(`${file}-wal`) === identity.log;
}

/** The same of all but the log. */
export function isSameBesideLog(identity: FileIdentity, file: string): boolean {
  return inodeOf(file) === identity.file && inodeOf(`${file}-shm`) === identity.shared;
}

/** Which file it is that has this name now, or which link; undefined when there is none. */
export function inodeOf(file: string): number | undefined {
  try {
    return lstatSync(file, { throwIfNoEntry: false })?.ino;
  } catch (error) {
    // A file is in the place of its directory.
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/**
 * Returns what tells whether an open file still has its name, without a stat where the system allows that. Since Linux 6.13 the
 * write that follows a stat of a file must give it a time of its own (https://docs.kernel.org/filesystems/multigrain-ts.html),
 * which makes each commit to a log that is looked at after the one before take 0.1 ms longer.
 */
export function createPlaceOf(file: string, descriptor: number): () => boolean {
  const { ino } = fstatSync(descriptor);
  const byInode = (): boolean => inodeOf(file) === ino;
  // The system names the file that a descriptor is on: by another name once it is moved, and as deleted once it is that.
  const link = `/proc/self/fd/${String(descriptor)}`;
  const nameNow = (): string | undefined => {
    try {
      return readlinkSync(link);
    } catch {
      // Not Linux, or a sandbox without it.
      return undefined;
    }
  };
  const name = nameNow();
  return name === undefined || !byInode() ? byInode : () => nameNow() === name;
}

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

/** What an outbox takes up on the disk, in bytes: its file and its log. What is not there counts as nothing. */
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
