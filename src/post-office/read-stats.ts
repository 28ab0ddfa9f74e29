import { systemClock, type Clock } from '../core/clock.js';
import { CRMOutboxError } from '../core/errors.js';
import { doneOrTimedOut, within } from '../core/time-limit.js';
import type { CircuitState } from '../delivery/circuit.js';
import { noCounts, type OutboxCounts } from '../outbox/outbox.js';
import type { DeliveryTallies, DeliveryTally } from './delivery-tally.js';
import type { PostOfficeStats, TargetStats } from './post-office.js';
import type { Store } from './store.js';
import type { StoreInUse } from './use-store.js';

export interface ReadStatsOptions {
  /** The names of the targets. */
  readonly targets: readonly string[];
  readonly tally: Pick<DeliveryTallies, 'counts' | 'of'>;
  /** Undefined if it is not open. */
  readonly opened: Pick<StoreInUse, 'store' | 'leading' | 'pauses'> | undefined;
  readonly clock: Clock;
  /** How long counting may take, in milliseconds by the computer's clock; a server does not know a test's. @default 3_000 */
  readonly withinMs?: number | undefined;
}

const worstFirst = ['open', 'half-open', 'closed'] as const satisfies readonly CircuitState[];

/** The counts of a post office at this moment; without those of its store if it cannot count in time. */
export async function readStats(options: ReadStatsOptions): Promise<PostOfficeStats> {
  const { targets, tally, opened, clock, withinMs = 3_000 } = options;
  const { store, leading, pauses } = opened ?? {};
  const deliveries = leading?.deliveries;
  // Where this process delivers, it looks by itself.
  const refreshed = deliveries === undefined ? pauses?.refresh() : undefined;
  const [all, ...ofEach] = await Promise.all(
    [undefined, ...targets].map((target) => countsOf(store, target, withinMs)),
  );
  if (refreshed !== undefined) await doneOrTimedOut(refreshed, withinMs, systemClock);
  const now = (store?.clock ?? clock).now();
  const ownStats = targets.map((name, index): [string, TargetStats] => {
    const { inFlight = 0, circuit = 'closed' } = deliveries?.to(name) ?? {};
    const pausedByHand = pauses?.of(name) ?? null;
    return [name, { ...statsFrom(tally.of(name), ofEach[index], now), inFlight, circuit, pausedByHand }];
  });
  const each = ownStats.map(([, stats]) => stats);
  return {
    ...statsFrom(tally.counts, all, now),
    inFlight: each.reduce((sum, { inFlight }) => sum + inFlight, 0),
    circuit: worstFirst.find((state) => each.some(({ circuit }) => circuit === state)) ?? 'closed',
    targets: Object.fromEntries(ownStats),
    pausesUnknown: pauses?.unknown ?? null,
    outboxBytes: store?.bytesOnDisk() ?? 0,
    // Right after this process was frozen, deliveries may be there that may no longer start anything.
    isDelivering: deliveries !== undefined && store?.leader?.isLeading() !== false,
    isOutboxReadable: all !== undefined,
  };
}

function statsFrom(
  { delivered, retried, unsent }: DeliveryTally,
  counts: OutboxCounts = noCounts,
  now: number,
): Omit<TargetStats, 'inFlight' | 'circuit' | 'pausedByHand'> {
  const { pending, pendingBytes, dead, oldestAcceptedAt } = counts;
  const oldestAgeMs = oldestAcceptedAt === undefined ? 0 : Math.max(0, now - oldestAcceptedAt);
  return { delivered, retried, unsent, pending, pendingBytes, dead, oldestAgeMs };
}

/** Undefined if it cannot be read. Why is reported by the operations that need it. */
async function countsOf(
  store: Store | undefined,
  target: string | undefined,
  withinMs: number,
): Promise<OutboxCounts | undefined> {
  if (store === undefined) return undefined;
  try {
    const tooLong = (): CRMOutboxError => new CRMOutboxError('counting took too long');
    return await within(store.counts(target), withinMs, systemClock, tooLong);
  } catch {
    return undefined;
  }
}
