import type { Clock } from './clock.js';

/** From when until when something was in use, as far as that was noted; both 0 for never. */
export interface Use {
  readonly from: number;
  readonly to: number;
}

/**
 * A clock for what is stored: how old it is, when it is due. The wall clock may jump, by years where a computer starts without
 * one, and no jump may make what is kept look old, or wait for years. This one never goes back, and goes on evenly while the app
 * runs. Of the time between two uses it counts as much as the last use took: a pause is usually shorter than that, and a clock
 * that is wrong at every start of a crash loop comes to nothing.
 *
 * What that costs: after a longer pause it is behind, and what is stored is kept longer by as much.
 */
export interface SteadyClock {
  /** Milliseconds since 1970, which are the wall clock's as long as that does not jump. */
  now(): number;
  /** By how much the wall clock is ahead, in milliseconds; negative when it is behind. */
  leapMs(): number;
}

/** `lastUse` by this clock. */
export function createSteadyClock(clock: Clock, lastUse: Use): SteadyClock {
  const startedAtMs = clock.monotonicMs();
  const { from, to } = lastUse;
  const startedAt = to === 0 ? clock.now() : Math.max(to, Math.min(clock.now(), to + (to - from)));
  const now = (): number => startedAt + Math.round(clock.monotonicMs() - startedAtMs);
  return { now, leapMs: () => clock.now() - now() };
}
