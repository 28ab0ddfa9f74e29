import { clearTimeout, setTimeout } from 'node:timers';

/**
 * The package's only source of time, so that a test can control it.
 * Instants are for records, spans for waiting: only the monotonic clock decides when something is due, because the
 * wall clock may jump.
 */
export interface Clock {
  /** Milliseconds since 1970, as the wall clock shows them. */
  now(): number;
  /** Milliseconds since an arbitrary start; never goes back. */
  monotonicMs(): number;
  /**
   * Calls back once after `delayMs`; the returned function cancels it.
   * The wait keeps the process alive only with `keepAlive`, for code that awaits its end.
   */
  after(delayMs: number, callback: () => void, options?: { readonly keepAlive?: boolean }): CancelTimer;
}

/** Ends a timer that has not fired yet. */
export type CancelTimer = () => void;

// With a longer delay, setTimeout fires at once.
const longestTimerMs = 2 ** 31 - 1;

/** The computer's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, callback, options) => {
    const timer = setTimeout(callback, Math.min(delayMs, longestTimerMs));
    if (options?.keepAlive !== true) timer.unref();
    return () => {
      clearTimeout(timer);
    };
  },
};
