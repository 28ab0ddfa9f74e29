import { setImmediate } from 'node:timers';
import type { Clock } from '../core/clock.js';
import type { DeliveryOptions } from './delivery-options.js';

/**
 * When the next round of attempts starts. Newly accepted notifications are gathered for a moment: when few come, one round, its
 * settlements and its events cost hardly more for several of them than for one.
 */
export interface NextRound {
  /** Whether a round is being gathered; until it starts, no other may. */
  readonly isGathering: boolean;
  /** So many were accepted: starts a round soon. */
  add(count: number): void;
  /** Starts a round once the code that accepts has run, so that receipts go out before the POSTs. */
  startSoon(): void;
  /** A round starts now, or none ever will. */
  cancel(): void;
}

export interface RoundSize {
  readonly isBatching: boolean;
  /** How long to gather, in milliseconds; 0: until the event loop's turn ends. */
  readonly gatherMs: number;
  /** With so many, a round is worth starting at once. */
  readonly enough: number;
}

export interface NextRoundOptions extends Omit<RoundSize, 'isBatching'> {
  readonly clock: Clock;
  readonly start: () => void;
}

/** With so many attempts to make for each that may be under way, a round is worth starting. */
const roundFactor = 4;

/** How many make a round, and how long they gather: as `batch` says where the target takes several in one request. */
export function roundSize({
  target,
  batch,
  concurrency,
  gatherMs,
  roundGatherMs = gatherMs,
}: Pick<DeliveryOptions, 'target' | 'batch' | 'concurrency' | 'gatherMs' | 'roundGatherMs'>): RoundSize {
  if (target.batch === undefined || batch === undefined)
    return { isBatching: false, enough: concurrency * roundFactor, gatherMs: roundGatherMs };
  return { isBatching: true, enough: batch.maxCount, gatherMs: batch.maxWaitMs };
}

export function createNextRound({ clock, gatherMs, enough, start }: NextRoundOptions): NextRound {
  let cancelTimer: (() => void) | undefined;
  let count = 0;
  let isDue = false;

  function startSoon(): void {
    if (isDue) return;
    isDue = true;
    setImmediate(() => {
      isDue = false;
      start();
    });
  }

  return {
    get isGathering() {
      return cancelTimer !== undefined;
    },
    add(added) {
      count += added;
      if (gatherMs === 0 || count >= enough) startSoon();
      else cancelTimer ??= clock.after(gatherMs, start, { keepAlive: true });
    },
    startSoon,
    cancel() {
      cancelTimer?.();
      cancelTimer = undefined;
      count = 0;
    },
  };
}
