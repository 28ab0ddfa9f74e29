import type { Clock } from '../core/clock.js';
import { discardAll, redeliverAll } from '../outbox/all-dead-letters.js';
import type { DeliveryLock } from '../outbox/sqlite/delivery-lock.js';
import { sizeOnDisk } from '../outbox/sqlite/size-on-disk.js';
import type { Enter } from '../outbox/sqlite/sqlite-driver.js';
import type { Logger } from '../telemetry/logger.js';
import { acceptInto } from './accept-into.js';
import type { FailureReporter } from './failure-reporter.js';
import { startMaintenance } from './maintenance.js';
import { openOutbox } from './open-outbox.js';
import { startOutboxClock } from './outbox-clock.js';
import type { PostOfficeSettings } from './post-office-settings.js';
import type { DeliveryLeader, Store } from './store.js';

export interface LocalStoreOptions {
  readonly settings: Pick<PostOfficeSettings, 'file' | 'outbox'>;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'warn'>;
  readonly failures: FailureReporter;
  readonly onRepaired: (error: Error) => void;
  /** In a thread, what its native calls go through; see `exit-gate.ts`. */
  readonly enter: Enter | undefined;
}

/** Opens a store on this machine: a file, or memory. It looks after itself until it is closed. */
export async function openLocalStore(options: LocalStoreOptions): Promise<Store> {
  const { settings, clock, logger, failures, onRepaired, enter } = options;
  const { file } = settings;
  const { sync, maxPending, deadRetentionMs } = settings.outbox;
  const { outbox, lock } = await openOutbox({ file, sync, now: () => clock.now(), onRepaired, enter });
  const leader = lock === undefined ? undefined : leaderBy(lock);
  const steady = await startOutboxClock(outbox, leader, clock);
  const now = (): number => steady.now();
  const stopMaintenance = startMaintenance({ outbox, clock, steady, deadRetentionMs, logger, failures });

  return {
    outbox,
    leader,
    clock: steady,
    accept: (batch) => promised(() => acceptInto(outbox, batch, maxPending, now())),
    counts: () => promised(() => outbox.counts()),
    bytesOnDisk: () => (file === undefined ? 0 : sizeOnDisk(file)),
    listDead: (query) => promised(() => outbox.listDead(query)),
    redeliver: (id) => promised(() => outbox.redeliver(id, now())),
    redeliverAll: (filter, onPiece) => redeliverAll(outbox, { ...filter, now, onPiece }),
    discard: (id) => promised(() => outbox.discard(id)),
    discardAll: (filter, onPiece) => discardAll(outbox, { ...filter, onPiece }),
    close: () =>
      promised(() => {
        stopMaintenance();
        outbox.close();
      }),
  };
}

/** A process leads while it has the lock, which ends with it however it ends. */
function leaderBy(lock: DeliveryLock): DeliveryLeader {
  return {
    ask: () => promised(() => lock.tryAcquire()),
    resign: () =>
      promised(() => {
        lock.release();
      }),
  };
}

/** Works at once, and rejects with what that throws. */
function promised<Result>(work: () => Result): Promise<Result> {
  return new Promise((resolve) => {
    resolve(work());
  });
}
