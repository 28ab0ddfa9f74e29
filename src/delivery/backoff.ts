export interface BackoffOptions {
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
}

/** The longest wait after `failureCount` failures (1 or more), in milliseconds: it doubles each time, up to `maxDelayMs`. */
export function backoffBoundMs(failureCount: number, options: BackoffOptions): number {
  // Doubling beyond 2^52 changes nothing: the cap was reached long before.
  const doublings = Math.min(Math.max(failureCount - 1, 0), 52);
  return Math.min(options.firstDelayMs * 2 ** doublings, options.maxDelayMs);
}

/**
 * How long to wait before the next try, in milliseconds: exponential with full jitter, that is, evenly distributed between 0
 * and the bound. `random` returns a number in [0, 1).
 */
export function backoffMs(failureCount: number, options: BackoffOptions, random: () => number): number {
  return Math.round(random() * backoffBoundMs(failureCount, options));
}
