/**
 * Time as the rest of the package sees it, so that a test can own it.
 * Instants are for records, spans for waiting: only the monotonic clock decides when something is due, because the
 * wall clock may jump.
 */
export interface Clock {
  /** Milliseconds since 1970, as the wall clock shows them. */
  now(): number;
  /** Milliseconds since some start that never goes back. */
  monotonicMs(): number;
  /**
   * Calls back once after `delayMs`; the answer cancels it.
   * The wait does not keep the process alive, unless somebody is awaiting its end (`keepAlive`).
   */
  after(delayMs: number, callback: () => void, options?: { readonly keepAlive?: boolean }): CancelTimer;
}

export type CancelTimer = () => void;

// setTimeout fires at once when asked to wait longer than this.
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
