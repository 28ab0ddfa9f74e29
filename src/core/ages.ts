import type { Clock } from './clock.js';

/**
 * How long ago something was, by instants that were stored. The wall clock may jump, by years where a computer starts without
 * one, and no jump may make what is kept look old.
 *
 * So besides the wall clock there is a steady one. It begins at the wall clock's instant of the start, but at most a day after
 * the outbox was last known to be in use, and goes on evenly. An instant that lies before it is measured by it. One that lies
 * after it was stored since a jump, and is measured by the wall clock. What that costs: something may be kept longer than it
 * should, by the time that the app did not run.
 */
export interface Ages {
  /** How long ago an instant was, in milliseconds; negative for one to come. */
  ageOf(at: number): number;
  /** Which instants are longer ago than this. */
  olderThan(ageMs: number): { readonly before: number; readonly from: number; readonly to: number };
  /** The steady clock's instant. */
  steadyNow(): number;
  /** By how much the wall clock is ahead of the steady one, in milliseconds: what no age counts. */
  leapMs(): number;
}

/** What of the time between two uses counts. */
const maxLeapMs = 86_400_000;

/** `seenAt` is the latest instant at which the outbox was in use; 0 if that is not known. */
export function createAges(clock: Clock, seenAt: number): Ages {
  const startedAtMs = clock.monotonicMs();
  const startedAt = seenAt === 0 ? clock.now() : Math.min(clock.now(), seenAt + maxLeapMs);
  const steadyNow = (): number => startedAt + Math.round(clock.monotonicMs() - startedAtMs);
  return {
    ageOf: (at) => (at <= steadyNow() ? steadyNow() : clock.now()) - at,
    olderThan: (ageMs) => ({ before: steadyNow() - ageMs, from: steadyNow() + 1, to: clock.now() - ageMs }),
    steadyNow,
    leapMs: () => clock.now() - steadyNow(),
  };
}
