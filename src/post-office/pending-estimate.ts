import type { Clock } from '../core/clock.js';
import type { OutboxCounts } from '../outbox/outbox.js';

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
}

/** Counting may take up a twentieth of the time. */
const restFactor = 20;
const quickMs = 25;
const refreshEveryMs = 5_000;

export function createPendingEstimate(count: () => Promise<OutboxCounts>, clock: Clock): PendingEstimate {
  let last: OutboxCounts = { pending: 0, pendingBytes: 0, dead: 0, oldestAcceptedAt: undefined };
  let added = { count: 0, bytes: 0 };
  let countedAtMs = -Infinity;
  let tookMs = 0;
  let counting: Promise<OutboxCounts> | undefined;

  const countNow = async (): Promise<OutboxCounts> => {
    const startedAtMs = clock.monotonicMs();
    const before = added;
    last = await count();
    added = { count: added.count - before.count, bytes: added.bytes - before.bytes };
    countedAtMs = clock.monotonicMs();
    tookMs = countedAtMs - startedAtMs;
    return last;
  };

  const countOnce = (): Promise<OutboxCounts> => {
    counting ??= countNow().finally(() => {
      counting = undefined;
    });
    return counting;
  };

  return {
    async counts() {
      const isQuick = tookMs < quickMs;
      if (!isQuick && clock.monotonicMs() - countedAtMs < tookMs * restFactor) return last;
      // One that is under way may have begun too early.
      if (isQuick) await counting?.catch(() => undefined);
      return countOnce();
    },
    get now() {
      return { pending: last.pending + added.count, pendingBytes: last.pendingBytes + added.bytes };
    },
    add(addedCount, bytes) {
      added = { count: added.count + addedCount, bytes: added.bytes + bytes };
    },
    refresh() {
      if (clock.monotonicMs() - countedAtMs < Math.max(refreshEveryMs, tookMs * restFactor)) return;
      // Whoever needs the counts learns why they cannot be read.
      countOnce().catch(() => undefined);
    },
  };
}
