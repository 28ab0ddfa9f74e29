import { chmodSync } from 'node:fs';
import { isBusy } from './connection.js';
import type { OpenSqlite } from './sqlite-driver.js';

/**
 * Says which of the processes that share an outbox delivers: the one that holds a lock of the operating system's on a
 * file beside it. Such a lock ends with its process, however that ends, so nobody has to guess whether a holder is alive
 * and a process id that is used again means nothing.
 */
export interface DeliveryLock {
  /** Takes the lock if nobody has it; answers whether it is held now. Never waits. */
  tryAcquire(): boolean;
  release(): void;
}

/** The lock is SQLite's exclusive one on an empty database: the runtime has no other locks to offer. */
export function openDeliveryLock(open: OpenSqlite, outboxFile: string): DeliveryLock {
  const file = `${outboxFile}-delivery`;
  const database = open(file);
  let isHeld = false;
  return {
    tryAcquire() {
      if (isHeld) return true;
      try {
        database.exec('BEGIN EXCLUSIVE');
        chmodSync(file, 0o600);
        isHeld = true;
      } catch (error) {
        if (!isBusy(error)) throw error;
      }
      return isHeld;
    },
    release() {
      if (isHeld) database.exec('ROLLBACK');
      isHeld = false;
      database.close();
    },
  };
}
