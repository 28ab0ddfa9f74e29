import { acquireLock, type HeldLock } from './lock-file.js';
import type { OpenSqlite } from './sqlite-driver.js';

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
