import type { Clock } from './clock.js';

/** When something was in use, by a steady clock; both 0 for never. */
export interface Use {
  /** Since when the wall clock has given no cause for doubt. */
  readonly from: number;
  /** The last instant that was noted. */
  readonly to: number;
}

/**
 * A clock for what is stored: how old it is, when it is due. The wall clock may jump, by years where a computer starts without
 * one, and no jump may make what is kept look old, or wait for years. This one never goes back, and goes on evenly while the app
 * runs. A pause between two uses counts as the wall clock shows it, but
 * - never for more than a day, so that one jump expires no more than what was about to expire;
 * - once the clock has jumped, only for as long as the app has run since: a clock that is wrong at every start of a crash loop
 *   comes to nothing.
 *
 * The cost: after a longer pause this clock is behind, and what is stored is kept longer by as much.
 */
export interface SteadyClock {
  /** Milliseconds since 1970, which are the wall clock's as long as that does not jump. */
  now(): number;
  /** Goes on from this instant, unless it is there already: from what somebody else's clock has shown, say. */
  catchUp(at: number): void;
  /** A clock that goes on from here and never catches up: for whoever holds instants that it has read before. */
  goOn(): Pick<SteadyClock, 'now'>;
  /** By how much the wall clock is ahead, in milliseconds; negative when it is behind. */
  leapMs(): number;
  /** What to note of this use as its `from`. */
  readonly trustedFrom: number;
}

const mostTrustMs = 86_400_000;
/** A restart takes less; so many of these come to a day after hundreds of starts. */
const leastTrustMs = 120_000;
/** Clocks are set back by a little every day. */
const setBackMs = 60_000;

/** `lastUse` by this clock. */
export function createSteadyClock(clock: Clock, lastUse: Use): SteadyClock {
  const startedAtMs = clock.monotonicMs();
  const { startedAt, trustedFrom } = startAfter(lastUse, clock.now());
  const ranMs = (): number => Math.round(clock.monotonicMs() - startedAtMs);
  let base = startedAt;
  const now = (): number => base + ranMs();
  return {
    now,
    catchUp(at) {
      base += Math.max(0, at - now());
    },
    goOn() {
      const fixed = base;
      return { now: () => fixed + ranMs() };
    },
    leapMs: () => clock.now() - now(),
    trustedFrom,
  };
}

function startAfter({ from, to }: Use, wallNow: number): { readonly startedAt: number; readonly trustedFrom: number } {
  if (to === 0) return { startedAt: wallNow, trustedFrom: wallNow - mostTrustMs };
  const trustMs = Math.min(Math.max(to - from, leastTrustMs), mostTrustMs);
  const pauseMs = wallNow - to;
  const startedAt = to + Math.min(Math.max(pauseMs, 0), trustMs);
  const isPlausible = pauseMs >= -setBackMs && pauseMs <= trustMs;
  return { startedAt, trustedFrom: startedAt - (isPlausible ? trustMs : 0) };
}
