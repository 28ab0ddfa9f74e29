import { createMemoryOutbox } from '../outbox/memory-outbox.js';
import type { Outbox } from '../outbox/outbox.js';
import { createDeliveryLock, type DeliveryLock } from '../outbox/sqlite/lock-file.js';
import { openSqliteOutbox } from '../outbox/sqlite/open-sqlite-outbox.js';
import { loadSqlite, type RunNative } from '../outbox/sqlite/sqlite-driver.js';

export interface OpenOutboxOptions {
  /** Undefined for an outbox in memory. */
  readonly file: string | undefined;
  readonly sync: 'full' | 'normal';
  readonly now: () => number;
  readonly onRepaired: (error: Error) => void;
  readonly runNative: RunNative | undefined;
}

export interface OpenedOutbox {
  readonly outbox: Outbox;
  /** Undefined for an outbox that no other process can have. */
  readonly lock: DeliveryLock | undefined;
}

/** Opens the outbox that the settings name. */
export function openOutbox({ file, sync, now, onRepaired, runNative }: OpenOutboxOptions): OpenedOutbox {
  if (file === undefined) return { outbox: createMemoryOutbox(), lock: undefined };
  const open = loadSqlite(runNative);
  return {
    outbox: openSqliteOutbox({ open, file, sync, now, onRepaired }),
    lock: createDeliveryLock(open, file),
  };
}
