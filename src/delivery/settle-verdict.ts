import type { Clock } from '../core/clock.js';
import type { SteadyClock } from '../core/steady-clock.js';
import type { DeadReason, PendingNotification } from '../outbox/outbox.js';
import type { Verdict } from '../target/target.js';
import { backoffMs } from './backoff.js';
import type { CircuitBreaker } from './circuit-breaker.js';
import { type AboutAttempt, aboutAttempt, type DeliveryEvent } from './delivery-event.js';
import type { DeliveryConfig } from './delivery-settings.js';
import type { Lanes } from './lanes.js';
import type { Standing } from './heads.js';
import type { Settlements } from './settlements.js';

export interface VerdictSettlerOptions {
  /** Why it can never be sent to the target; undefined if it can. */
  readonly check: (head: PendingNotification) => DeadReason | undefined;
  readonly lanes: Lanes;
  readonly settlements: Settlements;
  /** Whether what waits for its next attempt leaves the outbox's window until then. */
  readonly forgetsWaiting: boolean;
  readonly breaker: Pick<CircuitBreaker, 'state' | 'isRefused'>;
  readonly retry: DeliveryConfig['retry'];
  /** Returns a number in [0, 1). */
  readonly random: () => number;
  readonly clock: Clock;
  readonly steady: Pick<SteadyClock, 'now'>;
  /** Must not throw. */
  readonly onEvent: (event: DeliveryEvent) => void;
}

/** Acts on a verdict: settles the notification, moves its lane on or lets it wait, and emits what happened. */
export interface VerdictSettler {
  /** For the heads of one attempt. `isPaused`: the target is paused, so what it responded is not the notifications' fault. */
  ofAttempt(isPaused: boolean): SettleVerdict;
  /** One that can never be sent is settled, and not started as an attempt: the circuit breaker would wait for its end. */
  isSendable(head: PendingNotification): boolean;
}

export type SettleVerdict = (head: PendingNotification, verdict: Verdict, about: AboutAttempt) => void;

/** When an attempt failed, and by chance how long to wait: the same for all its heads, so that they are tried again together. */
interface Failure {
  /** In [0, 1). */
  readonly chance: number;
  /** Of the clock for stored instants. */
  readonly at: number;
  readonly atMs: number;
}

/** How the CRM responded. */
interface Words {
  readonly status: number;
  readonly detail: string;
}

export function createVerdictSettler(options: VerdictSettlerOptions): VerdictSettler {
  const { lanes, settlements, forgetsWaiting, breaker, random, clock, steady, onEvent } = options;
  const { maxAgeMs, maxRetryAfterMs } = options.retry;

  /** At least our own back-off; a `Retry-After` may ask for more, up to the longest that is honoured. */
  const delayAfter = (attempts: number, chance: number, retryAfterMs: number | undefined): number => {
    const backoff = Math.max(
      1,
      backoffMs(attempts, options.retry, () => chance),
    );
    return retryAfterMs === undefined ? backoff : Math.max(backoff, Math.min(retryAfterMs, maxRetryAfterMs));
  };

  /** Returns the delay until the next attempt. */
  const postpone = (
    head: PendingNotification,
    { attempts }: AboutAttempt,
    { chance, at, atMs }: Failure,
    standing: Standing,
    retryAfterMs?: number,
  ): number => {
    const delayMs = delayAfter(attempts, chance, retryAfterMs);
    const nextAttemptAt = at + delayMs;
    const dueAtMs = atMs + delayMs;
    settlements.add({ kind: 'retry', ...entryOf(head), attempts, nextAttemptAt }, () => {
      if (forgetsWaiting) lanes.drop(head);
      else lanes.putBack({ ...head, attempts, nextAttemptAt }, dueAtMs, standing);
    });
    settlements.hurry();
    return delayMs;
  };

  /** For a failure that is not the notification's fault: it keeps its place, and is due at once if the circuit breaker allows. */
  const keepPlace = (head: PendingNotification, { attempts }: AboutAttempt, standing?: Standing): void => {
    settlements.add({ kind: 'retry', ...entryOf(head), attempts, nextAttemptAt: 0 }, () => {
      lanes.putBack({ ...head, attempts, nextAttemptAt: 0 }, 0, standing);
    });
    settlements.hurry();
  };

  /** For a response that is the token's or the base URL's fault. */
  const keepRefused = (head: PendingNotification, about: AboutAttempt, { status, detail }: Words): void => {
    keepPlace(head, about, 'refused');
    onEvent({ kind: 'refused', ...about, status, detail, delayMs: 0 });
  };

  /**
   * What rejects a request with several rejects only one of them, perhaps: each is tried again at once, with fewer others. That
   * ends when each is alone. None expires of it.
   */
  const splitUp = (head: PendingNotification, about: AboutAttempt, { status, detail }: Words): void => {
    keepPlace(head, about, 'responded');
    onEvent({ kind: 'retry', ...about, status, code: undefined, detail, delayMs: 0, circuit: breaker.state });
  };

  const settleAsDead = (head: PendingNotification, reason: DeadReason, about: AboutAttempt): void => {
    const { attempts } = about;
    settlements.add({ kind: 'dead', ...entryOf(head), attempts, diedAt: steady.now(), reason }, () => {
      lanes.release(head);
      lanes.settled(head);
      onEvent({ kind: 'dead', ...about, reason });
    });
    settlements.hurry();
  };

  const deliver = (
    head: PendingNotification,
    { status, isReplyNotJson }: Extract<Verdict, { readonly kind: 'delivered' }>,
    about: AboutAttempt,
  ): void => {
    // Its lane does not wait for the outbox: if this settlement is lost, both notifications are posted again, in their order.
    lanes.release(head);
    settlements.add({ kind: 'delivered', ...entryOf(head) }, () => {
      lanes.settled(head);
      const ageMs = Math.max(0, steady.now() - head.acceptedAt);
      onEvent({ kind: 'delivered', ...about, status, isReplyNotJson, ageMs });
    });
  };

  /** Why a notification expires, if it is too old: when an attempt fails, unless token or URL are to blame. */
  const expiredReason = (head: PendingNotification, last: number | string): DeadReason | undefined => {
    if (breaker.isRefused || steady.now() - head.acceptedAt <= maxAgeMs) return undefined;
    const detail = `older than maxAgeMs (${String(maxAgeMs)}); last: ${String(last)}`;
    return { kind: 'expired', status: typeof last === 'number' ? last : undefined, detail };
  };

  /** The next attempt waits for the back-off or the target's `Retry-After`; without a connection, for the circuit breaker. */
  const retry = (
    head: PendingNotification,
    verdict: Extract<Verdict, { kind: 'retry' }>,
    about: AboutAttempt,
    failure: () => Failure,
  ): void => {
    const circuit = breaker.state;
    if (verdict.reach === 'unreachable' && !verdict.wasSent) {
      // Without a connection there was no attempt, and the outage is not the notification's fault: it does not expire.
      keepPlace(head, about);
      onEvent({ kind: 'unsent', ...about, code: verdict.code, circuit });
      return;
    }
    const expired = expiredReason(head, verdict.reach === 'unreachable' ? verdict.code : verdict.status);
    if (expired !== undefined) settleAsDead(head, expired, about);
    else if (verdict.reach === 'responded') {
      const { status, retryAfterMs, detail } = verdict;
      const delayMs = postpone(head, about, failure(), 'responded', retryAfterMs);
      onEvent({ kind: 'retry', ...about, status, code: undefined, detail, delayMs, circuit });
    } else {
      const delayMs = postpone(head, about, failure(), 'suspect');
      onEvent({ kind: 'retry', ...about, status: undefined, code: verdict.code, detail: '', delayMs, circuit });
    }
  };

  return {
    isSendable(head) {
      const unsendable = options.check(head);
      if (unsendable !== undefined)
        settleAsDead(head, unsendable, aboutAttempt(head, false, clock.monotonicMs(), clock));
      return unsendable === undefined;
    },
    ofAttempt(isPaused) {
      let known: Failure | undefined;
      const failure = (): Failure => (known ??= { chance: random(), at: steady.now(), atMs: clock.monotonicMs() });
      return (head, verdict, about) => {
        switch (verdict.kind) {
          case 'delivered':
            deliver(head, verdict, about);
            return;
          case 'dead':
            if (isPaused) keepRefused(head, about, verdict.reason);
            else if (verdict.isOfSeveral) splitUp(head, about, verdict.reason);
            else settleAsDead(head, verdict.reason, about);
            return;
          case 'refused': {
            const { status, detail } = verdict;
            const expired = isPaused ? undefined : expiredReason(head, status);
            if (expired !== undefined) settleAsDead(head, expired, about);
            else if (isPaused) keepRefused(head, about, verdict);
            else {
              const delayMs = postpone(head, about, failure(), 'suspect');
              onEvent({ kind: 'refused', ...about, status, detail, delayMs });
            }
            return;
          }
          case 'retry':
            retry(head, verdict, about, failure);
        }
      };
    },
  };
}

/** What identifies an entry of the outbox. */
function entryOf({
  target,
  id,
  position,
}: PendingNotification): Pick<PendingNotification, 'target' | 'id' | 'position'> {
  return { target, id, position };
}
