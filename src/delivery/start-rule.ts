import type { AttemptsUnderWay } from './attempts-under-way.js';
import type { CircuitBreaker } from './circuit-breaker.js';
import type { HeadChoice } from './head-choice.js';
import type { Lanes } from './lanes.js';
import type { ReadyHeads } from './ready-heads.js';
import type { Settlements } from './settlements.js';

/** Whether an attempt may start now, by all who have a say in it. */
export interface StartRule {
  /** For which head one may: any that is chosen, or only one that never failed, the newest above all. */
  next(nowMs: number): 'any' | 'newest' | undefined;
  /**
   * How long until there may be room, by itself: 0 when there is; undefined when it takes the end of an attempt, or the outbox
   * taking settlements again.
   */
  roomInMs(nowMs: number): number | undefined;
  /** How long until an open circuit lets a probe through; 0 when it is not open. */
  probeInMs(nowMs: number): number;
}

export interface StartRuleOptions {
  readonly lanes: Pick<Lanes, 'hasReady'>;
  readonly ready: ReadyHeads;
  readonly breaker: CircuitBreaker;
  readonly underWay: AttemptsUnderWay;
  readonly choice: HeadChoice;
  readonly settlements: Pick<Settlements, 'isFailing'>;
}

export function createStartRule(options: StartRuleOptions): StartRule {
  const { lanes, ready, breaker, underWay, choice, settlements } = options;

  const hasFresh = (nowMs: number): boolean => lanes.hasReady(nowMs) && ready.fresh.size > 0;
  const allowed = (nowMs: number): number =>
    settlements.isFailing ? 0 : breaker.allowed(nowMs, () => hasFresh(nowMs));

  /** Whether one that hangs is in the way of one that never failed. */
  const isBlocked = (nowMs: number, count: number): boolean => choice.isTroubled && count > 0 && hasFresh(nowMs);

  return {
    next(nowMs) {
      const count = allowed(nowMs);
      if (underWay.hasRoom(count)) return lanes.hasReady(nowMs) && choice.mayChoose() ? 'any' : undefined;
      if (!isBlocked(nowMs, count)) return undefined;
      if (underWay.hasRoomForNewest(count) && choice.hasNewest()) return 'newest';
      underWay.cutOff(nowMs);
      return undefined;
    },
    roomInMs(nowMs) {
      const count = allowed(nowMs);
      if (underWay.hasRoom(count)) return 0;
      return isBlocked(nowMs, count) ? underWay.cutOffInMs(nowMs) : undefined;
    },
    probeInMs: (nowMs) => breaker.probeInMs(nowMs, () => hasFresh(nowMs)) ?? 0,
  };
}

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
