import type { Booking } from './load.js';
import type { TimeSpan } from './stage.js';

/** The app's `breaker.maxDelayMs` and `maxPauseMs`: the longest delay of a probe. */
const probeDelayMs = 200;
/** The app's `timeoutMs`: the probe before, or whatever has the connection, may be one that hangs. */
const timeoutMs = 1_000;
/** What a busy machine takes to deliver what has piled up before. */
const workMs = 800;

/** No good notification may wait longer than this while all are up. */
export const longestWaitAllowedMs = probeDelayMs + timeoutMs + workMs;
export const calmLifeMs = longestWaitAllowedMs + 600;

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
