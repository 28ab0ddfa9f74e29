import { lstatSync } from 'node:fs';

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
  return (
    inodeOf(file) === identity.file &&
    inodeOf(`${file}-wal`) === identity.log &&
    inodeOf(`${file}-shm`) === identity.shared
  );
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
