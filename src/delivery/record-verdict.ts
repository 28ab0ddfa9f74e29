import type { Clock } from '../core/clock.js';
import type { Verdict } from '../target/target.js';
import type { AttemptUnderWay } from './attempts-under-way.js';
import type { CircuitBreaker } from './circuit-breaker.js';
import type { HeadChoice } from './head-choice.js';

/** What an attempt shows of the target: that it responded, if it judged one of the notifications. */
export function verdictOfAttempt(found: readonly Verdict[]): Verdict {
  const verdict = found.find(({ reach }) => reach === 'responded') ?? found[0];
  if (verdict === undefined) throw new Error('the target has given no verdict');
  return verdict;
}

export interface VerdictRecorderOptions {
  readonly breaker: CircuitBreaker;
  readonly choice: HeadChoice;
  readonly clock: Clock;
}

/** Reports a verdict to the circuit breaker and the choice of heads. Returns whether it has paused the target. */
export function recordVerdict(
  { head, chosen, isHanging, ordinal, isSuspect }: AttemptUnderWay,
  verdict: Verdict,
  { breaker, choice, clock }: VerdictRecorderOptions,
): boolean {
  const sent = { ordinal, isSuspect };
  const nowMs = clock.monotonicMs();
  const onResponse = (isJudged: boolean): void => {
    const isResumed = breaker.onResponse(sent, nowMs, isJudged);
    choice.onResponded(head, chosen, isHanging);
    if (isResumed) choice.onResumed(chosen);
  };
  switch (verdict.reach) {
    case 'unreachable':
      // The breaker was notified when this attempt began to hang.
      if (isHanging) return false;
      breaker.onUnreachable(nowMs, verdict.code, verdict.wasSent ? sent : undefined);
      if (verdict.wasSent) choice.onFailed(head, chosen);
      return false;
    case 'refused':
      choice.onFailed(head, chosen);
      return breaker.onUnauthorised(nowMs, verdict.status, sent, verdict.detail === '' ? undefined : verdict.detail);
    case 'misdirected':
      if (verdict.isOfSeveral) {
        // Perhaps there is only no path for several: each is tried alone, and what that gets is about the base URL.
        if (breaker.isRefused) return true;
        onResponse(false);
        return false;
      }
      if (breaker.onMisdirected(nowMs, verdict.reason.status, sent)) {
        choice.onFailed(head, chosen);
        return true;
      }
      onResponse(false);
      return false;
    case 'responded':
      onResponse(verdict.kind !== 'retry');
      return false;
  }
}
