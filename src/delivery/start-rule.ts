import type { Verdict } from '../target/target.js';
import type { DeliveryConfig } from './delivery-settings.js';
import type { AttemptsUnderWay } from './attempts-under-way.js';
import type { CircuitBreaker } from './circuit-breaker.js';
import type { HeadChoice } from './head-choice.js';
import type { Lanes } from './lanes.js';
import type { ReadyHeads } from './heads.js';
import type { Settlements } from './settlements.js';

/** Decides whether an attempt may start now: asks the lanes, the breaker, the attempts under way and the settlements. */
export interface StartRule {
  /** For which head an attempt may start: `any`, or only one that never failed, preferably the `newest`; undefined for none. */
  next(nowMs: number): 'any' | 'newest' | undefined;
  /**
   * How long until there may be room: 0 when there is; undefined when first an attempt must end, or the outbox must store
   * settlements again.
   */
  roomInMs(nowMs: number): number | undefined;
  /** How long until an open circuit lets a probe through; 0 when it is not open. */
  probeInMs(nowMs: number): number;
}

export interface StartRuleOptions {
  readonly lanes: Pick<Lanes, 'findReady'>;
  readonly ready: ReadyHeads;
  readonly breaker: CircuitBreaker;
  readonly underWay: AttemptsUnderWay;
  readonly choice: HeadChoice;
  readonly settlements: Pick<Settlements, 'isFailing'>;
  readonly mayStart: () => boolean;
  /** By hand. */
  readonly isPaused: () => boolean;
}

export function createStartRule(options: StartRuleOptions): StartRule {
  const { lanes, ready, breaker, underWay, choice, settlements, mayStart, isPaused } = options;

  const hasFresh = (nowMs: number): boolean => lanes.findReady(nowMs) && ready.fresh.size > 0;
  const allowed = (nowMs: number): number =>
    settlements.isFailing || isPaused() || !mayStart() ? 0 : breaker.allowed(nowMs, () => hasFresh(nowMs));

  /** Whether hanging attempts keep a head that never failed from being tried. */
  const isBlocked = (nowMs: number, count: number): boolean => choice.isTroubled && count > 0 && hasFresh(nowMs);

  return {
    next(nowMs) {
      const count = allowed(nowMs);
      if (underWay.hasRoom(count)) return lanes.findReady(nowMs) && choice.mayChoose() ? 'any' : undefined;
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

/** A token bucket: one token for each attempt, refilled evenly. `nowMs` is an instant of the monotonic clock. */
export interface RateLimit {
  /** Takes a token and returns 0, or returns how many milliseconds until there is one. */
  take(nowMs: number): number;
  /** The target may have said that it takes nothing for a while: then there is no token until that is over. */
  onVerdict(verdict: Verdict, nowMs: number): void;
}

/** Without options there is no limit. */
export function createRateLimit(
  options: DeliveryConfig['rateLimit'],
  { firstDelayMs, maxRetryAfterMs }: Pick<DeliveryConfig['retry'], 'firstDelayMs' | 'maxRetryAfterMs'>,
): RateLimit {
  const { perSecond, burst } = options ?? { perSecond: Infinity, burst: Infinity };
  let tokens = burst;
  let filledAtMs: number | undefined;
  let heldUntilMs = -Infinity;
  return {
    onVerdict(verdict, nowMs) {
      if (verdict.kind !== 'retry' || verdict.reach !== 'responded' || !verdict.pausesTarget) return;
      const { retryAfterMs = firstDelayMs } = verdict;
      heldUntilMs = Math.max(heldUntilMs, nowMs + Math.min(retryAfterMs, maxRetryAfterMs));
    },
    take(nowMs) {
      if (nowMs < heldUntilMs) return Math.ceil(heldUntilMs - nowMs);
      if (options === undefined) return 0;
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
