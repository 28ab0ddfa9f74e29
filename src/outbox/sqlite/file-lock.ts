import { chmodSync, rmSync } from 'node:fs';
import { inodeOf, makeMissingFile } from './outbox-files.js';
import type { OpenSqlite } from './sqlite-driver.js';
import { isBusy, isDamaged } from './sqlite-errors.js';

/** A lock of the operating system's, held by this process. */
export interface HeldLock {
  /** Whether it still counts: the file may have been deleted, and another process may hold its successor. */
  isCurrent(): boolean;
  release(): void;
}

/**
 * Takes the lock of a file, waiting at most `waitMs` for it; undefined when another process has it. The operating system frees
 * it when its process ends, however it ends, so there is no guessing whether a holder is alive, and a reused process id does no
 * harm. Node has no locks of its own, so this is SQLite's exclusive lock on an empty database.
 */
export function acquireLock(open: OpenSqlite, file: string, waitMs: number): HeldLock | undefined {
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
    // There is nothing in it to save; the next try makes it anew.
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

/** Decides which of the processes that share an outbox delivers: the one that holds it. */
export interface DeliveryLock {
  /** Takes the lock if it is free, without waiting. Returns whether it is held now. */
  tryAcquire(): boolean;
  release(): void;
}

/** The file of the delivery lock, beside the outbox's. */
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
