export interface BackoffOptions {
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
}

/**
 * How long to wait before the next try after `failureCount` failures (1 or more), in milliseconds: exponential with full
 * jitter, that is, evenly drawn between nothing and a bound that doubles each time. `random` draws from [0, 1).
 */
export function backoffMs(failureCount: number, options: BackoffOptions, random: () => number): number {
  // Beyond 2^52 doubling says nothing more, and the cap was reached long before.
  const doublings = Math.min(Math.max(failureCount - 1, 0), 52);
  const bound = Math.min(options.firstDelayMs * 2 ** doublings, options.maxDelayMs);
  return Math.round(random() * bound);
}
