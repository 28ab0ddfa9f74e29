import type { Clock } from '../core/clock.js';

/** One that waits. */
export interface Held {
  /** It need not wait any more. */
  done(): void;
}

/**
 * Gives each that waits the same time, `holdMs`, by one timer for all: who came first is due first. Somebody awaits what
 * comes of it, so the timer keeps the process alive.
 */
export interface HoldQueue {
  add(onTimeout: () => void): Held;
}

interface Entry extends Held {
  readonly dueAtMs: number;
  readonly onTimeout: () => void;
}

export function createHoldQueue(clock: Clock, holdMs: number): HoldQueue {
  // In the order of their coming.
  const waiting = new Set<Entry>();
  let cancelTimer: (() => void) | undefined;

  const startTimer = (): void => {
    const [first] = waiting;
    if (first === undefined) return;
    cancelTimer = clock.after(Math.max(0, first.dueAtMs - clock.monotonicMs()), timeOut, { keepAlive: true });
  };

  const timeOut = (): void => {
    cancelTimer = undefined;
    const nowMs = clock.monotonicMs();
    for (const entry of waiting) {
      if (entry.dueAtMs > nowMs) break;
      waiting.delete(entry);
      entry.onTimeout();
    }
    startTimer();
  };

  return {
    add(onTimeout) {
      const entry = {
        dueAtMs: clock.monotonicMs() + holdMs,
        onTimeout,
        done() {
          waiting.delete(entry);
          if (waiting.size > 0) return;
          cancelTimer?.();
          cancelTimer = undefined;
        },
      };
      waiting.add(entry);
      if (cancelTimer === undefined) startTimer();
      return entry;
    },
  };
}
