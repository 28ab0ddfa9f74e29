import type { Latency } from './api-contract.js';

/** How long the last attempts took; always as large as at the start. */
export interface AttemptDurations {
  add(durationMs: number, endedAt: number): void;
  /** Of those of the last 60 minutes; exact, by nearest rank. */
  read(now: number): Latency;
}

/** So many are remembered: enough for a 99th percentile, few enough to be sorted while the app waits. */
export const maxDurationCount = 2_000;

const windowMs = 3_600_000;

export function createAttemptDurations(): AttemptDurations {
  const durations = new Float64Array(maxDurationCount);
  const ends = new Float64Array(maxDurationCount).fill(-Infinity);
  let next = 0;

  return {
    add(durationMs, endedAt) {
      durations[next] = durationMs;
      ends[next] = endedAt;
      next = (next + 1) % maxDurationCount;
    },

    read(now) {
      const recent = durations.filter((_, index) => (ends[index] ?? -Infinity) > now - windowMs).sort();
      const percentile = (share: number): number | null =>
        recent[Math.max(0, Math.ceil(share * recent.length) - 1)] ?? null;
      return { count: recent.length, p50Ms: percentile(0.5), p95Ms: percentile(0.95), p99Ms: percentile(0.99) };
    },
  };
}
