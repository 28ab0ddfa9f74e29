import type { AuditOptions } from './audit-options.js';
import type { Booking } from './load.js';
import type { TimeSpan } from './stage.js';

/** The app's `breaker.maxDelayMs` and `maxPauseMs`: the longest delay of a probe. */
const probeDelayMs = 200;
/** The app's `timeoutMs`: the probe before, or whatever has the connection, may be one that hangs. */
const timeoutMs = 1_000;

/** No good notification may wait longer than this while all are up, in milliseconds. */
export function longestWaitAllowedMs({ workMs }: Pick<AuditOptions, 'workMs'>): number {
  return probeDelayMs + timeoutMs + workMs;
}

/** How long it is watched: one that is stuck waits for as long. */
export function calmLifeMs(options: Pick<AuditOptions, 'workMs'>): number {
  return longestWaitAllowedMs(options) + 600;
}

/**
 * How long a good notification waited at most within one calm time: from its acceptance, or the beginning of that time if
 * it was accepted before, until it arrived, or that time was over. Its lane's earlier ones are good, too. A client sees a
 * success a little after the acceptance, so it waited rather longer than that.
 */
export function longestWaitMs(
  bookings: ReadonlyMap<number, Booking>,
  arrivedAt: ReadonlyMap<string, number>,
  calmTimes: readonly TimeSpan[],
): number {
  let longestMs = 0;
  for (const [booking, { fate, seen }] of bookings) {
    if (fate !== undefined) continue;
    for (const [step, seenAt] of seen) {
      const cameAt = arrivedAt.get(`${booking}/${step}`) ?? Infinity;
      for (const { startAt, endAt } of calmTimes) {
        longestMs = Math.max(longestMs, Math.min(cameAt, endAt) - Math.max(seenAt, startAt));
      }
    }
  }
  return longestMs;
}
