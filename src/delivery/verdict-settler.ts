import type { NotifierConfig } from '../config/resolve-config.js';
import type { Clock } from '../core/clock.js';
import type { SteadyClock } from '../core/steady-clock.js';
import type { PendingNotification } from '../outbox/outbox.js';
import { backoffMs } from './backoff.js';
import type { CircuitBreaker } from './circuit-breaker.js';
import type { AboutAttempt, DeliveryEvent } from './delivery-event.js';
import type { Lanes } from './lanes.js';
import type { Settlements } from './settlements.js';
import { refusesToken, type Verdict } from './verdict.js';

export interface VerdictSettlerOptions {
  readonly lanes: Lanes;
  readonly settlements: Settlements;
  readonly breaker: Pick<CircuitBreaker, 'state'>;
  readonly retry: NotifierConfig['retry'];
  /** Draws from [0, 1). */
  readonly random: () => number;
  readonly clock: Clock;
  readonly steady: Pick<SteadyClock, 'now'>;
  /** Must not throw. */
  readonly onEvent: (event: DeliveryEvent) => void;
}

/** Does what a verdict says: settles the notification, moves its lane on or lets it wait, and tells of it. */
export function createVerdictSettler(
  options: VerdictSettlerOptions,
): (head: PendingNotification, verdict: Verdict, about: AboutAttempt) => void {
  const { lanes, settlements, breaker, retry, random, clock, steady, onEvent } = options;

  const postpone = (head: PendingNotification, attempts: number, delayMs: number, isRefused = false): void => {
    const nextAttemptAt = delayMs === 0 ? 0 : steady.now() + delayMs;
    const dueAtMs = delayMs === 0 ? 0 : clock.monotonicMs() + delayMs;
    const { target, id, position } = head;
    settlements.add({ kind: 'retry', target, id, position, attempts, nextAttemptAt }, () => {
      lanes.putBack({ ...head, attempts, nextAttemptAt }, dueAtMs, isRefused);
    });
    settlements.hurry();
  };

  /** Never before our own back-off, and never later than the longest `Retry-After` that is honoured. */
  const delayAfter = (attempts: number, retryAfterMs: number | undefined): number => {
    const backoff = Math.max(1, backoffMs(attempts, retry, random));
    return retryAfterMs === undefined ? backoff : Math.max(backoff, Math.min(retryAfterMs, retry.maxRetryAfterMs));
  };

  return function settleVerdict(head, verdict, about) {
    const { target, id, position } = head;
    switch (verdict.kind) {
      case 'delivered':
        // Its lane does not wait for the outbox: should this settlement be lost, both are posted again, in their order.
        lanes.release(head);
        settlements.add({ kind: 'delivered', target, id, position }, () => {
          lanes.settled(head);
          const { status, isReplyOdd } = verdict;
          const ageMs = Math.max(0, steady.now() - head.acceptedAt);
          onEvent({ kind: 'delivered', ...about, status, isReplyOdd, ageMs });
        });
        return;
      case 'dead': {
        const { reason } = verdict;
        const { attempts } = about;
        const diedAt = steady.now();
        settlements.add({ kind: 'dead', target, id, position, attempts, diedAt, reason }, () => {
          lanes.release(head);
          lanes.settled(head);
          onEvent({ kind: 'dead', ...about, reason });
        });
        settlements.hurry();
        return;
      }
      case 'pause':
        // Not the notification's fault: it keeps its place, and the circuit breaker does the waiting.
        postpone(head, about.attempts, 0, true);
        onEvent({ kind: 'refused', ...about, status: verdict.status, delayMs: 0 });
        return;
      case 'retry': {
        const { status, code, wasSent, retryAfterMs } = verdict;
        // Never sent: the notification keeps its place, and the circuit breaker does the waiting.
        const delayMs = wasSent ? delayAfter(about.attempts, retryAfterMs) : 0;
        postpone(head, about.attempts, delayMs);
        if (status !== undefined && refusesToken(status)) onEvent({ kind: 'refused', ...about, status, delayMs });
        else onEvent({ kind: 'retry', ...about, status, code, delayMs, circuit: breaker.state });
        return;
      }
    }
  };
}
