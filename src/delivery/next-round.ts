import { setImmediate } from 'node:timers';
import type { Clock } from '../core/clock.js';

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

export interface NextRoundOptions {
  readonly clock: Clock;
  /** How long to gather, in milliseconds; 0: until the event loop's turn ends. */
  readonly gatherMs: number;
  /** With so many, a round is worth starting at once. */
  readonly enough: number;
  readonly start: () => void;
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
