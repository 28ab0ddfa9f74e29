import type { Exchange } from '../client/exchange.js';
import type { Clock } from '../core/clock.js';
import type { AttemptUnderWay } from './attempts-under-way.js';
import type { CircuitBreaker } from './circuit-breaker.js';
import type { HeadChoice } from './head-choice.js';
import { failureCodeOf, refusesToken } from './verdict.js';

export interface OutcomeRecorderOptions {
  readonly breaker: CircuitBreaker;
  readonly choice: HeadChoice;
  readonly clock: Clock;
}

/**
 * Lets the circuit breaker and the choice of heads learn from an outcome. Answers whether the target is paused because of a
 * refusal.
 */
export function recordOutcome(
  { head, chosen, isHanging, ordinal, isSuspect }: AttemptUnderWay,
  outcome: Exchange,
  { breaker, choice, clock }: OutcomeRecorderOptions,
): boolean {
  const sent = { ordinal, isSuspect };
  const nowMs = clock.monotonicMs();
  if (outcome.kind !== 'reply') {
    // That it hangs has been said.
    if (isHanging) return false;
    breaker.onUnreachable(nowMs, failureCodeOf(outcome), outcome.wasSent ? sent : undefined);
    if (outcome.wasSent) choice.onFailed(head, chosen);
    return false;
  }
  if (refusesToken(outcome.status)) {
    choice.onFailed(head, chosen);
    return breaker.onUnauthorised(nowMs, outcome.status, sent);
  }
  const isResumed = breaker.onAnswer(sent, nowMs);
  choice.onAnswered(head, chosen, isHanging);
  if (isResumed) choice.onResumed(chosen);
  return false;
}
