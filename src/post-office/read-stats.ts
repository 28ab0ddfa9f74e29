import { systemClock, type Clock } from '../core/clock.js';
import { CRMOutboxError } from '../core/errors.js';
import { within } from '../core/time-limit.js';
import { noCounts, type OutboxCounts } from '../outbox/outbox.js';
import type { DeliveryTally } from './delivery-tally.js';
import type { LeadingDelivery } from './leading-delivery.js';
import type { PostOfficeStats } from './post-office.js';
import type { Store } from './store.js';

export interface ReadStatsOptions {
  readonly tally: DeliveryTally;
  /** Undefined if it is not open. */
  readonly store: Pick<Store, 'counts' | 'clock' | 'bytesOnDisk' | 'leader'> | undefined;
  readonly leading: Pick<LeadingDelivery, 'delivery'> | undefined;
  readonly clock: Clock;
  /** How long counting may take, in milliseconds by the computer's clock; a server does not know a test's. @default 3_000 */
  readonly withinMs?: number | undefined;
}

/** The counts of a post office at this moment; without those of its store if it cannot count in time. */
export async function readStats(options: ReadStatsOptions): Promise<PostOfficeStats> {
  const { tally, store, leading, clock, withinMs = 3_000 } = options;
  const counts = await countsOf(store, withinMs);
  const { pending, pendingBytes, dead, oldestAcceptedAt } = counts ?? noCounts;
  const delivery = leading?.delivery;
  const now = (store?.clock ?? clock).now();
  return {
    delivered: tally.delivered,
    retried: tally.retried,
    unsent: tally.unsent,
    pending,
    pendingBytes,
    inFlight: delivery?.inFlight ?? 0,
    dead,
    oldestAgeMs: oldestAcceptedAt === undefined ? 0 : Math.max(0, now - oldestAcceptedAt),
    outboxBytes: store?.bytesOnDisk() ?? 0,
    circuit: delivery?.circuit ?? 'closed',
    // Right after this process was frozen, a delivery may be there that may no longer start anything.
    isDelivering: delivery !== undefined && store?.leader?.isLeading() !== false,
    isOutboxReadable: counts !== undefined,
  };
}

/** Undefined if it cannot be read. Why is reported by the operations that need it. */
async function countsOf(store: ReadStatsOptions['store'], withinMs: number): Promise<OutboxCounts | undefined> {
  if (store === undefined) return undefined;
  try {
    return await within(store.counts(), withinMs, systemClock, () => new CRMOutboxError('counting took too long'));
  } catch {
    return undefined;
  }
}
