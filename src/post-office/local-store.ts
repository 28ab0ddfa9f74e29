import { asPromise } from '../core/as-promise.js';
import { createLocalAccess } from '../outbox/local-access.js';
import type { AcceptedNotification, Outbox, Room } from '../outbox/outbox.js';
import { sizeOnDisk } from '../outbox/sqlite/file-identity.js';
import { knownUrlBeside } from '../outbox/sqlite/known-url.js';
import type { DeliveryLock } from '../outbox/sqlite/lock-file.js';
import { createMemoryHistory } from '../history/memory-history.js';
import { createSqliteHistory } from '../history/sqlite-history.js';
import { loadSqlite } from '../outbox/sqlite/sqlite-driver.js';
import { startMaintenance } from './maintenance.js';
import { openOutbox } from './open-outbox.js';
import { startOutboxClock } from './outbox-clock.js';
import { taken } from './post-office.js';
import { acceptancesFor } from './room.js';
import type { StoreOptions } from './store-options.js';
import type { Accepted, DeliveryLeader, Store } from './store.js';

export interface LocalStoreOptions extends Omit<StoreOptions, 'onArrived' | 'onWanted'> {
  /** Undefined for an outbox in memory. */
  readonly file: string | undefined;
}

/** Opens a store on this machine: a file, or memory. The store maintains itself until it is closed. */
export async function openLocalStore(options: LocalStoreOptions): Promise<Store> {
  const { file, settings, clock, logger, failures, onRepaired, runNative } = options;
  const { sync, maxPending, deadRetentionMs, keepDelivered: keptDelivered } = settings.outbox;
  const { outbox, lock } = openOutbox({ file, sync, now: () => clock.now(), onRepaired, runNative });
  const leader = lock === undefined ? undefined : leaderWithLock(lock);
  const steady = await startOutboxClock(outbox, leader, clock);
  const now = (): number => steady.now();
  const history =
    file === undefined
      ? createMemoryHistory(() => clock.now(), keptDelivered)
      : createSqliteHistory({
          open: loadSqlite(runNative),
          outboxFile: file,
          now: () => clock.now(),
          keptDelivered,
        });
  const stopMaintenance = startMaintenance({ outbox, clock, steady, deadRetentionMs, logger, failures });

  return {
    ...createLocalAccess(outbox, now),
    outbox,
    leader,
    clock: steady,
    history,
    accept: (batch) => asPromise(() => acceptInto(outbox, batch, maxPending, now())),
    lookSoon: () => undefined,
    readOn: () => Promise.resolve(false),
    bytesOnDisk: () => (file === undefined ? 0 : sizeOnDisk(file)),
    knownUrl: (url) => (file === undefined ? { isKnown: false, remember: () => undefined } : knownUrlBeside(file, url)),
    close: () =>
      asPromise(() => {
        stopMaintenance();
        outbox.close();
      }),
  };
}

/** A process leads while it has the lock, which ends with the process, however that ends. */
function leaderWithLock(lock: DeliveryLock): DeliveryLeader {
  return {
    tryToLead: () => asPromise(() => lock.tryAcquire()),
    // The lock ends only with the process.
    isLeading: () => true,
    resign: () =>
      asPromise(() => {
        lock.release();
      }),
  };
}

/**
 * Puts as much of a batch into the outbox as there is room for, in order; throws what the outbox throws.
 */
export function acceptInto(
  outbox: Outbox,
  batch: readonly AcceptedNotification[],
  maxPending: Room,
  at: number,
): Accepted {
  const pending = outbox.append(batch, maxPending, at);
  if (pending !== undefined) return { acceptances: batch.map(() => taken), pending };
  const acceptances = acceptancesFor(batch, outbox.counts(), maxPending);
  const accepted = batch.filter((_, index) => acceptances[index]?.accepted === true);
  return { acceptances, pending: (accepted.length > 0 ? outbox.append(accepted, undefined, at) : undefined) ?? [] };
}
