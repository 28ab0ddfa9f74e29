import type { Clock } from '../core/clock.js';

/**
 * What was written in transactions through the shared notifier, which does not know in whose request: a hook that finds its own
 * notification here, written while its request ran, must not notify a second time.
 */
export interface RecentWrites {
  add(type: string, lane: string): void;
  /** Whether anything was written since then, on the monotonic clock. */
  isAnySince(sinceMs: number): boolean;
  /** Takes one of this type and lane that was written since then. Returns whether there was one. */
  take(type: string, lane: string, sinceMs: number): boolean;
}

/** Few requests run longer. */
const keepMs = 60_000;
const maxKept = 10_000;

export function createRecentWrites(clock: Clock): RecentWrites {
  /** When each was written; the oldest first. */
  const writes = new Map<string, number>();
  let lastAtMs = -Infinity;

  const forgetOld = (nowMs: number): void => {
    for (const [key, atMs] of writes) {
      if (writes.size <= maxKept && nowMs - atMs < keepMs) return;
      writes.delete(key);
    }
  };

  return {
    add(type, lane) {
      const nowMs = clock.monotonicMs();
      forgetOld(nowMs);
      const key = `${type}\n${lane}`;
      // Moved to the end, because it is the newest now.
      writes.delete(key);
      writes.set(key, nowMs);
      lastAtMs = nowMs;
    },
    isAnySince: (sinceMs) => lastAtMs >= sinceMs,
    take(type, lane, sinceMs) {
      const key = `${type}\n${lane}`;
      const atMs = writes.get(key);
      return atMs !== undefined && atMs >= sinceMs && writes.delete(key);
    },
  };
}
