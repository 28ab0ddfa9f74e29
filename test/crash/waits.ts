import type { AuditOptions } from './audit-options.js';
import type { Booking } from './load.js';
import type { CalmTime } from './stage.js';

/** The app's `breaker.maxDelayMs` and `maxPauseMs`: the longest delay of a probe. */
const probeDelayMs = 200;
/** The app's `timeoutMs`: the probe before, or whatever has the connection, may be one that hangs. */
const timeoutMs = 1_000;

/** An app looks after its files so often. */
const lookEveryMs = 1_000;

/** A fault of the files has to be noticed within this time, in milliseconds, and what the machine is late. */
export function noticeAllowedMs({ workMs }: Pick<AuditOptions, 'workMs'>): number {
  return lookEveryMs + workMs;
}

/** No good notification may wait longer than this while all are up, in milliseconds, and what the machine is late. */
export function longestWaitAllowedMs({ workMs }: Pick<AuditOptions, 'workMs'>): number {
  return probeDelayMs + timeoutMs + workMs;
}

/** How long it is watched, besides what the machine is late: one that is stuck waits for as long. */
export function calmLifeMs(options: Pick<AuditOptions, 'workMs'>): number {
  return longestWaitAllowedMs(options) + 600;
}

export interface Wait {
  readonly waitedMs: number;
  /** How late the machine was meanwhile. */
  readonly lateMs: number;
}

/**
 * How long a good notification waited at most within one calm time: from its acceptance, or the beginning of that time if
 * it was accepted before, until it arrived, or that time was over. Its lane's earlier ones are good, too. A client sees a
 * success a little after the acceptance, so it waited rather longer than that. The longest is the one that is longest when
 * what the machine was late in that calm time is taken off.
 */
export function longestWait(
  bookings: ReadonlyMap<number, Booking>,
  arrivedAt: ReadonlyMap<string, number>,
  calmTimes: readonly CalmTime[],
): Wait {
  let longest: Wait = { waitedMs: 0, lateMs: 0 };
  for (const { startAt, endAt, lateMs, isDiscarded } of calmTimes) {
    if (isDiscarded) continue;
    let waitedMs = 0;
    for (const [booking, { fate, seen }] of bookings) {
      if (fate !== undefined) continue;
      for (const [step, seenAt] of seen) {
        const cameAt = arrivedAt.get(`${booking}/${step}`) ?? Infinity;
        waitedMs = Math.max(waitedMs, Math.min(cameAt, endAt) - Math.max(seenAt, startAt));
      }
    }
    if (waitedMs - lateMs > longest.waitedMs - longest.lateMs || longest.waitedMs === 0) longest = { waitedMs, lateMs };
  }
  return longest;
}

/** Whether all good ones that a client saw succeed before an instant have arrived. */
export function isDelivered(
  bookings: ReadonlyMap<number, Booking>,
  arrived: ReadonlySet<string>,
  before: number,
): boolean {
  for (const [booking, { fate, seen }] of bookings) {
    if (fate !== undefined) continue;
    for (const [step, seenAt] of seen) {
      if (seenAt < before && !arrived.has(`${booking}/${step}`)) return false;
    }
  }
  return true;
}
