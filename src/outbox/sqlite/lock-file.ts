import { chmodSync, closeSync, lstatSync, openSync, rmSync } from 'node:fs';
import { inodeOf } from './file-identity.js';
import type { OpenSqlite } from './sqlite-driver.js';
import { isBusy, isDamaged } from './sqlite-errors.js';

/** A lock of the operating system's, held by this process. */
export interface HeldLock {
  /** Whether it still means something: the file may have been deleted, and another process may hold its successor. */
  isCurrent(): boolean;
  release(): void;
}

/**
 * Takes the lock of a file, waiting for it at most `waitMs`; undefined when somebody else has it. The operating system
 * frees it when its process ends, however that ends, so nobody has to guess whether a holder is alive, and a process id
 * that is used again means nothing. The runtime offers no locks of its own, so it is SQLite's exclusive one on an empty
 * database.
 */
export function acquireLock(open: OpenSqlite, file: string, waitMs: number): HeldLock | undefined {
  // Not what a link points to: neither its mode nor its lock is ours.
  if (lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() === true) rmSync(file, { force: true });
  makeMissingFile(file);
  // One of an earlier version may be readable by others; its journal would get the same mode.
  chmodSync(file, 0o600);
  const database = open(file);
  try {
    database.exec(`PRAGMA busy_timeout = ${String(waitMs)}`);
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (isBusy(error)) return undefined;
    // Nothing is kept in it, so there is nothing to save; the next try makes it anew.
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

/** Says which of the processes that share an outbox delivers: the one that holds it. */
export interface DeliveryLock {
  /** Takes the lock if nobody has it; answers whether it is held now. Never waits. */
  tryAcquire(): boolean;
  release(): void;
}

/** What the delivery lock's file is called; it stands beside the outbox's. */
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
 * Makes a file that only its owner may read, unless there is one: SQLite would make it readable by others, and gives what it
 * puts beside a file, such as its journal, the mode that the file has at that moment.
 *
 * What is there is not opened, since closing any descriptor of a file drops the locks that this process has on it.
 */
export function makeMissingFile(file: string): void {
  try {
    closeSync(openSync(file, 'ax', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
