import { fstatSync, lstatSync, readlinkSync, statSync } from 'node:fs';
import type { SqliteDatabase, SqliteRow } from './sqlite-driver.js';

/** The inode numbers of an open outbox's files: a file with another number is another file. */
export interface FileIdentity {
  readonly file: number | undefined;
  /** The files that SQLite keeps beside it: the log, and the memory that processes share to read it. */
  readonly log: number | undefined;
  readonly shared: number | undefined;
}

export function identityOf(file: string): FileIdentity {
  return { file: inodeOf(file), log: inodeOf(`${file}-wal`), shared: inodeOf(`${file}-shm`) };
}

/** Whether these are still the same files. */
export function isSame(identity: FileIdentity, file: string): boolean {
  return isSameExceptLog(identity, file) && inodeOf(`${file}-wal`) === identity.log;
}

/** The same for all but the log. */
export function isSameExceptLog(identity: FileIdentity, file: string): boolean {
  return inodeOf(file) === identity.file && inodeOf(`${file}-shm`) === identity.shared;
}

/** The inode of the file or link that has this name now; undefined if there is none. */
export function inodeOf(file: string): number | undefined {
  try {
    return lstatSync(file, { throwIfNoEntry: false })?.ino;
  } catch (error) {
    // A file has replaced its directory.
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/**
 * Returns a check whether an open file still has its name, without a stat where the system allows that. Since Linux 6.13, the
 * first write after a stat must give the file a new timestamp (https://docs.kernel.org/filesystems/multigrain-ts.html), so each
 * commit would take 0.1 ms longer if the log were checked by stat after every commit.
 */
export function createNameCheck(file: string, descriptor: number): () => boolean {
  const { ino } = fstatSync(descriptor);
  const byInode = (): boolean => inodeOf(file) === ino;
  // The link shows the name of the descriptor's file: another name once it is moved, and marked as deleted once it is.
  const link = `/proc/self/fd/${String(descriptor)}`;
  const nameNow = (): string | undefined => {
    try {
      return readlinkSync(link);
    } catch {
      // Not Linux, or a sandbox without it.
      return undefined;
    }
  };
  let name = byInode() ? nameNow() : undefined;
  return () => {
    const found = nameNow();
    if (found !== undefined && found === name) return true;
    // Its directory may have been moved with a link left in its place: then it is still there under the name we use.
    if (!byInode()) return false;
    name = found;
    return true;
  };
}

/** Detects when something other than SQLite writes into a file in use: a backup copied over it, for example. */
export interface OverwriteWatch {
  /** Whether the file has changed since the last `remember`, although nothing was committed since. */
  isOverwritten(): boolean;
  /** Remembers the file as it is now. */
  remember(): void;
}

interface FileState {
  readonly stamp: string;
  readonly commits: string;
}

/**
 * With a write-ahead log, SQLite writes the file itself only at checkpoints, and those follow commits. In a busy file, an
 * overwrite looks like a checkpoint, so this detects only what happens to an idle one.
 */
export function createOverwriteWatch(database: SqliteDatabase, file: string): OverwriteWatch {
  const selectVersion = database.prepare('PRAGMA data_version');
  const selectChanges = database.prepare('SELECT total_changes() AS changes');
  let last = stateNow();

  function stateNow(): FileState {
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
      const now = stateNow();
      return now.stamp !== last.stamp && now.commits === last.commits;
    },
    remember() {
      last = stateNow();
    },
  };
}

/** The size of an outbox on the disk, in bytes: its file and its log. A missing file counts as 0. */
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
