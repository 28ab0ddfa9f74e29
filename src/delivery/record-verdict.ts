import type { Clock } from '../core/clock.js';
import type { Verdict } from '../target/target.js';
import type { AttemptUnderWay } from './attempts-under-way.js';
import type { CircuitBreaker } from './circuit-breaker.js';
import type { HeadChoice } from './head-choice.js';

export interface VerdictRecorderOptions {
  readonly breaker: CircuitBreaker;
  readonly choice: HeadChoice;
  readonly clock: Clock;
}

/** Lets the circuit breaker and the choice of heads learn from a verdict. Returns whether the target is paused by a refusal. */
export function recordVerdict(
  { head, chosen, isHanging, ordinal, isSuspect }: AttemptUnderWay,
  verdict: Verdict,
  { breaker, choice, clock }: VerdictRecorderOptions,
): boolean {
  const sent = { ordinal, isSuspect };
  const nowMs = clock.monotonicMs();
  switch (verdict.reach) {
    case 'unreachable':
      // The breaker knows already that this attempt hangs.
      if (isHanging) return false;
      breaker.onUnreachable(nowMs, verdict.code, verdict.wasSent ? sent : undefined);
      if (verdict.wasSent) choice.onFailed(head, chosen);
      return false;
    case 'refused':
      choice.onFailed(head, chosen);
      return breaker.onUnauthorised(nowMs, verdict.status, sent);
    case 'responded': {
      const isResumed = breaker.onAnswer(sent, nowMs);
      choice.onAnswered(head, chosen, isHanging);
      if (isResumed) choice.onResumed(chosen);
      return false;
    }
  }
}
