/** A token bucket: a token for each attempt, refilled evenly. Instants are the monotonic clock's. */
export interface RateLimit {
  /** Takes a token; answers 0, or how many milliseconds until there is one. */
  take(nowMs: number): number;
}

/** Without options nothing is limited. */
export function createRateLimit(
  options: { readonly perSecond: number; readonly burst: number } | undefined,
): RateLimit {
  if (options === undefined) return { take: () => 0 };
  const { perSecond, burst } = options;
  let tokens = burst;
  let filledAtMs: number | undefined;
  return {
    take(nowMs) {
      tokens = Math.min(burst, tokens + ((nowMs - (filledAtMs ?? nowMs)) / 1000) * perSecond);
      filledAtMs = nowMs;
      if (tokens >= 1) {
        tokens -= 1;
        return 0;
      }
      return Math.ceil(((1 - tokens) / perSecond) * 1000);
    },
  };
}
