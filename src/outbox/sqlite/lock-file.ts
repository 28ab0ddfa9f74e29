import { chmodSync, closeSync, lstatSync, openSync, rmSync } from 'node:fs';
import { inodeOf } from './file-identity.js';
import type { OpenSqlite } from './sqlite-driver.js';
import { isBusy, isDamaged } from './sqlite-errors.js';

/** A lock of the operating system, held by this process. */
export interface HeldLock {
  /** Whether it is still valid: the file may have been deleted, and another process may hold a new one. */
  isCurrent(): boolean;
  release(): void;
}

/**
 * Takes the lock of a file, waiting at most `waitMs`; undefined when another holder has it. The operating system frees the
 * lock when its process ends, however it ends, so nobody has to guess whether a holder is alive, and a reused process id does
 * no harm. Node has no file locks, so this is SQLite's exclusive lock on an empty database.
 */
export function acquireLock(open: OpenSqlite, file: string, waitMs: number): HeldLock | undefined {
  // Do not follow a link: neither the mode nor the lock of what it points to is ours.
  if (lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() === true) rmSync(file, { force: true });
  makeMissingFile(file);
  // A file of an earlier version may be readable by others; its journal would get the same mode.
  chmodSync(file, 0o600);
  const database = open(file);
  try {
    database.exec(`PRAGMA busy_timeout = ${String(waitMs)}`);
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (isBusy(error)) return undefined;
    // It contains nothing that must be saved; the next try creates it again.
    if (isDamaged(error)) rmSync(file, { force: true });
    throw error;
  }
  const inode = inodeOf(file);
  return {
    isCurrent: () => inodeOf(file) === inode,
    release() {
      database.exec('ROLLBACK');
      database.close();
    },
  };
}

/** Decides which of the processes that share an outbox delivers: the one that holds this lock. */
export interface DeliveryLock {
  /** Takes the lock if it is free; returns whether this process holds it now. Never waits. */
  tryAcquire(): boolean;
  release(): void;
}

/** The path of the delivery lock's file, beside the outbox's. */
export function deliveryLockFile(outboxFile: string): string {
  return `${outboxFile}-delivery`;
}

export function createDeliveryLock(open: OpenSqlite, outboxFile: string): DeliveryLock {
  let held: HeldLock | undefined;

  const release = (): void => {
    held?.release();
    held = undefined;
  };

  return {
    tryAcquire() {
      if (held?.isCurrent() === true) return true;
      release();
      held = acquireLock(open, deliveryLockFile(outboxFile), 0);
      return held !== undefined;
    },
    release,
  };
}

/**
 * Creates a file that only its owner may read, unless it exists: SQLite would make it readable by others, and gives the files
 * that it puts beside it, such as its journal, the mode that the file has at that moment.
 *
 * An existing file is not opened, because closing any descriptor of a file drops all locks of this process on it.
 */
export function makeMissingFile(file: string): void {
  try {
    closeSync(openSync(file, 'ax', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
