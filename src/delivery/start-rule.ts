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
  /** If not, then the end of an attempt, or the outbox taking settlements again, changes that. */
  hasRoom(nowMs: number): boolean;
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

  return {
    next(nowMs) {
      const count = allowed(nowMs);
      if (underWay.hasRoom(count)) return lanes.hasReady(nowMs) && choice.mayChoose() ? 'any' : undefined;
      if (!choice.isTroubled || !underWay.hasRoomForNewest(count)) return undefined;
      return lanes.hasReady(nowMs) && choice.hasNewest() ? 'newest' : undefined;
    },
    hasRoom: (nowMs) => underWay.hasRoom(allowed(nowMs)),
    probeInMs: (nowMs) => breaker.probeInMs(nowMs, () => hasFresh(nowMs)) ?? 0,
  };
}
