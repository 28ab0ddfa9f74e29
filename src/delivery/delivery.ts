import type { CrmClient } from '../client/crm-client.js';
import type { Exchange } from '../client/exchange.js';
import { isHeaderValue } from '../client/header-value.js';
import type { NotifierConfig } from '../config/resolve-config.js';
import type { Clock } from '../core/clock.js';
import type { SteadyClock } from '../core/steady-clock.js';
import { troubleOf } from '../core/trouble.js';
import type { DeadReason, Outbox, PendingNotification } from '../outbox/outbox.js';
import { createAttemptsUnderWay, type AttemptUnderWay } from './attempts-under-way.js';
import { createCircuitBreaker, type CircuitState } from './circuit-breaker.js';
import { aboutAttempt, type DeliveryEvent } from './delivery-event.js';
import { createHeadChoice } from './head-choice.js';
import { createIdleWaiters } from './idle-waiters.js';
import { createLanes } from './lanes.js';
import { createRateLimit } from './rate-limit.js';
import { createReadyHeads } from './ready-heads.js';
import { recordOutcome } from './record-outcome.js';
import { createSettlements } from './settlements.js';
import { createStartRule } from './start-rule.js';
import { decideVerdict, timeoutCode } from './verdict.js';
import { createVerdictSettler } from './verdict-settler.js';

export interface DeliveryOptions extends Pick<
  NotifierConfig,
  'concurrency' | 'rateLimit' | 'retry' | 'breaker' | 'timeoutMs'
> {
  readonly outbox: Outbox;
  /** The name of the target that the outbox's notifications are for. */
  readonly targetName: string;
  readonly client: CrmClient;
  readonly clock: Clock;
  /** For what is stored: ages, and when something is due. */
  readonly steady: Pick<SteadyClock, 'now'>;
  /** Must not throw. */
  readonly onEvent: (event: DeliveryEvent) => void;
  /** Draws from [0, 1). */
  readonly random: () => number;
  /** How long settlements gather for one transaction, in milliseconds; 0 for the rest of a turn. */
  readonly gatherMs: number;
}

/** Takes due notifications from the outbox, posts them and settles what came of it. */
export interface Delivery {
  /** There may be something to do: after a start, after notifications were accepted (these, if they are known). */
  wake(accepted?: readonly PendingNotification[]): void;
  readonly circuit: CircuitState;
  readonly inFlight: number;
  /** Resolves when nothing is due any more: what waits for its next attempt is not due. Nothing is, once it is stopped. */
  whenIdle(): Promise<void>;
  /** Starts no more attempts, cuts off those under way and settles what has come of the others. */
  stop(): Promise<void>;
}

const maxLanes = 10_000;
const maxFollowers = 256;
const troubleDelayMs = 1_000;
const unsendable: DeadReason = { kind: 'rejected', detail: 'its stored id has been changed and cannot be sent' };

export function createDelivery(options: DeliveryOptions): Delivery {
  const { outbox, targetName, client, clock, steady, retry, concurrency, timeoutMs, random, onEvent } = options;
  const maxWaitMs = Math.max(retry.maxDelayMs, retry.maxRetryAfterMs);
  const ready = createReadyHeads();
  const lanes = createLanes({
    outbox,
    target: targetName,
    now: () => steady.now(),
    maxWaitMs,
    maxLanes,
    maxFollowers,
    ready,
    isReadingAhead: () => choice.isTroubled,
  });
  const rateLimit = createRateLimit(options.rateLimit);
  const breaker = createCircuitBreaker({
    ...options.breaker,
    concurrency,
    timeoutMs,
    random,
    onPause: (cause) => {
      onEvent({ kind: 'paused', cause });
    },
    onResume: () => {
      onEvent({ kind: 'resumed' });
    },
  });
  const settlements = createSettlements({
    outbox,
    clock,
    gatherMs: options.gatherMs,
    onError: (error) => {
      onEvent({ kind: 'outboxError', operation: 'settle', error: troubleOf(error) });
    },
    onBatch: pump,
  });
  const settleVerdict = createVerdictSettler({ lanes, settlements, breaker, retry, random, clock, steady, onEvent });
  const choice = createHeadChoice({ ready, breaker, concurrency, random });
  const underWay = createAttemptsUnderWay({
    clock,
    concurrency,
    timeoutMs,
    breaker: options.breaker,
    probeBoundMs: () => breaker.probeBoundMs,
    onHanging(attempt) {
      breaker.onUnreachable(clock.monotonicMs(), timeoutCode, attempt);
      choice.onFailed(attempt.head, attempt.chosen);
    },
    onRoom: pump,
  });
  const starts = createStartRule({ lanes, ready, breaker, underWay, choice, settlements });
  const idleWaiters = createIdleWaiters();
  let cancelTimer: (() => void) | undefined;
  let isReadFailing = false;
  let isPumpDue = false;
  let isStopped = false;
  let isEnded = false;

  /** Starts as many attempts as may start now, and sets the timer for the next time one may. */
  function pump(): void {
    cancelTimer?.();
    cancelTimer = undefined;
    if (isStopped) return;
    try {
      const waitMs = startAttempts();
      if (waitMs !== undefined) cancelTimer = clock.after(waitMs, pump);
      if (isIdle()) idleWaiters.tell();
      isReadFailing = false;
    } catch (error) {
      // The outbox could not be read; whatever the reason, looking again later is all there is to do. Said once.
      if (!isReadFailing) onEvent({ kind: 'outboxError', operation: 'read', error: troubleOf(error) });
      isReadFailing = true;
      cancelTimer?.();
      cancelTimer = clock.after(troubleDelayMs, pump);
    }
  }

  /** Once those who accept are through: their receipts go out before the POSTs do. */
  function pumpSoon(): void {
    if (isPumpDue) return;
    isPumpDue = true;
    setImmediate(() => {
      isPumpDue = false;
      pump();
    });
  }

  function isIdle(): boolean {
    if (underWay.count > 0 || settlements.size > 0) return false;
    return !lanes.hasReady(clock.monotonicMs()) && !lanes.isSearching;
  }

  /** Answers how long until more may start by itself; undefined when only an event can bring that about. */
  function startAttempts(): number | undefined {
    const nowMs = clock.monotonicMs();
    for (let which = starts.next(nowMs); which !== undefined; which = starts.next(nowMs)) {
      const limitedMs = rateLimit.take(nowMs);
      if (limitedMs > 0) return limitedMs;
      const head = lanes.take(nowMs, () => choice.choose(which === 'newest'));
      if (head !== undefined) start(head);
    }
    // With an open circuit nothing starts before its probe.
    const probeInMs = starts.probeInMs(nowMs);
    if (probeInMs > 0) return probeInMs;
    if (!starts.hasRoom(nowMs)) return undefined;
    return lanes.isSearching ? 0 : lanes.dueInMs(nowMs);
  }

  function start(head: PendingNotification): void {
    if (!isHeaderValue(head.id)) {
      // No attempt, of which the circuit breaker would wait for the end.
      const about = aboutAttempt(head, head.attempts, clock.monotonicMs(), clock);
      settleVerdict(head, { kind: 'dead', reason: unsendable }, about);
      return;
    }
    void make(underWay.start(head, choice.begin(), breaker.onStart()));
  }

  async function make(attempt: AttemptUnderWay): Promise<void> {
    const { head } = attempt;
    let isSettled = false;
    try {
      const { id, body, traceparent, attempts: retryCount } = head;
      const outcome = await client.post({ id, body, traceparent, retryCount });
      // Cut off by ourselves, or left behind: it says nothing about the CRM, and the next start finds the notification
      // where it is.
      if (isEnded || (isStopped && outcome.kind === 'failure')) return;
      isSettled = onOutcome(attempt, outcome);
    } catch (error) {
      // Nothing above should throw; should it all the same, the notification must not be stuck in flight.
      lanes.putBack(head, clock.monotonicMs() + troubleDelayMs);
      onEvent({ kind: 'outboxError', operation: 'deliver', error: troubleOf(error) });
    } finally {
      // Those that a stop has left behind are not counted any more.
      if (!isEnded) {
        choice.end(attempt.chosen);
        underWay.end(attempt, isSettled);
        pump();
      }
    }
  }

  /** Answers whether the notification is settled for good. */
  function onOutcome(attempt: AttemptUnderWay, outcome: Exchange): boolean {
    const { head, startedAtMs } = attempt;
    const isTokenTaken = !recordOutcome(attempt, outcome, { breaker, choice, clock });
    // Never sent is no attempt.
    const wasSent = outcome.kind === 'reply' || outcome.wasSent;
    const attemptCount = wasSent ? head.attempts + 1 : head.attempts;
    const verdict = decideVerdict(outcome, {
      ageMs: steady.now() - head.acceptedAt,
      maxAgeMs: retry.maxAgeMs,
      isTokenTaken,
      now: clock.now(),
      reasonOf: (reply) => client.reasonOf(reply, head.body),
    });
    settleVerdict(head, verdict, aboutAttempt(head, attemptCount, startedAtMs, clock));
    if (!idleWaiters.isEmpty) settlements.hurry();
    return verdict.kind === 'delivered' || verdict.kind === 'dead';
  }

  return {
    get circuit() {
      return breaker.state;
    },
    get inFlight() {
      return underWay.count;
    },
    wake(accepted) {
      lanes.onAccepted(accepted ?? [], clock.monotonicMs());
      if (accepted === undefined) pump();
      else pumpSoon();
    },
    whenIdle() {
      settlements.hurry();
      const idle = idleWaiters.wait();
      pump();
      return idle;
    },
    async stop() {
      isStopped = true;
      cancelTimer?.();
      await client.close();
      // Outcomes that are there by now are settled. An attempt that even the end of the connections does not end, because it
      // waits for a token or uses the app's own dispatcher, is left behind: no close shall wait for it.
      await new Promise((resolve) => setImmediate(resolve));
      isEnded = true;
      underWay.stop();
      settlements.close();
      idleWaiters.tell();
    },
  };
}
