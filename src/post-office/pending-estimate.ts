import { systemClock, type Clock } from '../core/clock.js';
import { noCounts, type OutboxCounts } from '../outbox/outbox.js';

/** The counts of an outbox on a server, where counting a million rows takes a while. */
export interface PendingEstimate {
  /** As exact as can be had quickly: counted now, or a moment ago if counting takes long. */
  counts(): Promise<OutboxCounts>;
  /** An estimate at once, to tell whether there is room. */
  readonly now: Pick<OutboxCounts, 'pending' | 'pendingBytes'>;
  /** So many were just added here. */
  add(count: number, bytes: number): void;
  /** Counts again if it is time. */
  refresh(): void;
  /** What is known is wrong by now: the next who asks gets what is counted from then on, unless that takes too long. */
  forget(): void;
}

/** Counting may take up a twentieth of the time. */
const restFactor = 20;
const quickMs = 25;
/** So few are counted in a few milliseconds, if not on a busy machine. */
const fewCount = 10_000;
/** For the end of a flush, or after a change by hand. */
const bearableMs = 400;
const refreshEveryMs = 5_000;

export function createPendingEstimate(count: () => Promise<OutboxCounts>, clock: Clock): PendingEstimate {
  let last = noCounts;
  let added = { count: 0, bytes: 0 };
  let countedAtMs = -Infinity;
  let tookMs = 0;
  let counting: Promise<OutboxCounts> | undefined;
  let isForgotten = false;

  const countNow = async (): Promise<OutboxCounts> => {
    const startedAtMs = clock.monotonicMs();
    const before = added;
    last = await count();
    // What was added meanwhile may be counted already.
    if (added !== before) isForgotten = true;
    added = { count: added.count - before.count, bytes: added.bytes - before.bytes };
    countedAtMs = clock.monotonicMs();
    tookMs = countedAtMs - startedAtMs;
    return last;
  };

  /** With what was added since it was counted. */
  const known = (): OutboxCounts => ({
    ...last,
    pending: last.pending + added.count,
    pendingBytes: last.pendingBytes + added.bytes,
  });

  const countOnce = (): Promise<OutboxCounts> => {
    counting ??= countNow().finally(() => {
      counting = undefined;
    });
    return counting;
  };

  /** One that is under way may have begun too early. */
  const latest = async (): Promise<OutboxCounts> => {
    isForgotten = false;
    await counting?.catch(() => undefined);
    return countOnce();
  };

  /** By the computer's clock: a server does not know a test's. */
  const knownAfter = (waitMs: number): Promise<OutboxCounts> =>
    new Promise((resolve) => {
      systemClock.after(waitMs, () => {
        resolve(known());
      });
    });

  return {
    counts() {
      if (isForgotten && countedAtMs > -Infinity) return Promise.race([latest(), knownAfter(bearableMs)]);
      if (last.pending + last.dead < fewCount || tookMs < quickMs) return latest();
      return clock.monotonicMs() - countedAtMs < tookMs * restFactor ? Promise.resolve(known()) : countOnce();
    },
    get now() {
      return known();
    },
    add(addedCount, bytes) {
      added = { count: added.count + addedCount, bytes: added.bytes + bytes };
    },
    forget() {
      isForgotten = true;
    },
    refresh() {
      if (clock.monotonicMs() - countedAtMs < Math.max(refreshEveryMs, tookMs * restFactor)) return;
      // Whoever needs the counts learns why they cannot be read.
      countOnce().catch(() => undefined);
    },
  };
}
