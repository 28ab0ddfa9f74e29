import type { Clock } from './clock.js';

/** When something was in use, by its steady clock; both are 0 if it never was. */
export interface Use {
  /** Since when the wall clock can be trusted. */
  readonly from: number;
  /** The last instant that was recorded. */
  readonly to: number;
}

/**
 * A clock for stored instants: how old an entry is, when it is due. The wall clock may jump, by years on a computer that starts
 * without a clock, and no jump may make entries look old or wait for years. This clock never goes back, and runs evenly while
 * the app runs. A pause between two uses counts as the wall clock shows it, but
 * - at most for a day, so that one jump expires only what was about to expire;
 * - after the wall clock has jumped, at most for as long as the app has run since: a clock that is wrong at every start of a
 *   crash loop adds next to nothing.
 *
 * The cost: after a longer pause this clock is behind, and stored entries are kept longer by as much.
 */
export interface SteadyClock {
  /** Milliseconds since 1970; the same as the wall clock's unless that jumps. */
  now(): number;
  /** Moves forward to this instant, such as one of another process's clock, unless it is there already. */
  catchUp(at: number): void;
  /** A clock that continues from now but never catches up: for code that keeps instants it has read before. */
  withoutCatchUp(): Pick<SteadyClock, 'now'>;
  /** How far the wall clock is ahead of this one, in milliseconds; negative when it is behind. */
  leapMs(): number;
  /** What to record as the `from` of this use. */
  readonly trustedFrom: number;
}

const maxTrustMs = 86_400_000;
/** Longer than a restart takes, and so short that it takes hundreds of starts to add up to a day. */
const minTrustMs = 120_000;
/** Clocks are often set back by a little. */
const maxSetBackMs = 60_000;

/** `lastUse`: by this same clock. */
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
    withoutCatchUp() {
      const fixed = base;
      return { now: () => fixed + ranMs() };
    },
    leapMs: () => clock.now() - now(),
    trustedFrom,
  };
}

function startAfter({ from, to }: Use, wallNow: number): { readonly startedAt: number; readonly trustedFrom: number } {
  if (to === 0) return { startedAt: wallNow, trustedFrom: wallNow - maxTrustMs };
  const trustMs = Math.min(Math.max(to - from, minTrustMs), maxTrustMs);
  const pauseMs = wallNow - to;
  const startedAt = to + Math.min(Math.max(pauseMs, 0), trustMs);
  const isPlausible = pauseMs >= -maxSetBackMs && pauseMs <= trustMs;
  return { startedAt, trustedFrom: startedAt - (isPlausible ? trustMs : 0) };
}
