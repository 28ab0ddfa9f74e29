import type { Clock } from '../core/clock.js';
import type { SteadyClock } from '../core/steady-clock.js';
import { errorDataOf } from '../core/errors.js';
import type { Outbox, PendingNotification } from '../outbox/outbox.js';
import { timeoutCode, type Target, type Verdict } from '../target/target.js';
import { type AttemptUnderWay, createAttemptsUnderWay, createIdleWaiters } from './attempts-under-way.js';
import { createCircuitBreaker, type CircuitState } from './circuit-breaker.js';
import { aboutAttempt, type DeliveryEvent } from './delivery-event.js';
import type { DeliveryConfig } from './delivery-settings.js';
import { createHeadChoice } from './head-choice.js';
import { createLanes } from './lanes.js';
import { createRateLimit, createStartRule } from './start-rule.js';
import { createReadyHeads } from './ready-heads.js';
import { createVerdictSettler, recordVerdict } from './settle-verdict.js';
import { createSettlements } from './settlements.js';
import { targetQueue } from './target-queue.js';

export interface DeliveryOptions extends DeliveryConfig {
  /** How long an attempt may take. */
  readonly timeoutMs: number;
  readonly outbox: Outbox;
  readonly target: Target;
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

/** Takes due notifications from the outbox, sends them to the target and settles what came of it. */
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

export function createDelivery(options: DeliveryOptions): Delivery {
  const { outbox, target, clock, steady, retry, concurrency, timeoutMs, random, onEvent } = options;
  const maxWaitMs = Math.max(retry.maxDelayMs, retry.maxRetryAfterMs);
  const ready = createReadyHeads();
  const lanes = createLanes({
    queue: targetQueue(outbox, target.name),
    now: () => steady.now(),
    maxWaitMs,
    maxLanes,
    maxFollowers,
    ready,
    isReadingAhead: () => choice.isTroubled,
    isRisky: (notification) => choice.isRisky(notification),
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
      onEvent({ kind: 'outboxFailed', operation: 'settle', error: errorDataOf(error) });
    },
    onBatch: pump,
  });
  const verdicts = createVerdictSettler({ lanes, settlements, breaker, retry, random, clock, steady, onEvent });
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
      if (!isReadFailing) onEvent({ kind: 'outboxFailed', operation: 'read', error: errorDataOf(error) });
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
    const roomInMs = starts.roomInMs(nowMs);
    if (roomInMs !== 0) return roomInMs;
    return lanes.isSearching ? 0 : lanes.dueInMs(nowMs);
  }

  function start(head: PendingNotification): void {
    const unsendable = target.check(head);
    if (unsendable === undefined) {
      // Made only while it may be of use: it costs a microsecond and half a kilobyte.
      const abort = choice.isTroubled ? new AbortController() : undefined;
      void make(underWay.start(head, choice.begin(), breaker.onStart(), abort));
      return;
    }
    // No attempt: the circuit breaker would wait for its end.
    verdicts.bury(head, unsendable, aboutAttempt(head, false, clock.monotonicMs(), clock));
  }

  async function make(attempt: AttemptUnderWay): Promise<void> {
    const { head } = attempt;
    let isSettled = false;
    try {
      const verdict = await target.send(head, head.attempts + 1, attempt.abort?.signal);
      // Cut off by ourselves, or left behind: it says nothing about the target, and the next start finds the notification
      // where it is.
      if (isEnded || (isStopped && verdict.reach === 'unreachable')) return;
      isSettled = onVerdict(attempt, verdict);
    } catch (error) {
      // Nothing above should throw; should it all the same, the notification must not be stuck in flight.
      lanes.putBack(head, clock.monotonicMs() + troubleDelayMs);
      onEvent({ kind: 'deliveryFailed', error: errorDataOf(error) });
    } finally {
      // Those that a stop has left behind are not counted any more.
      if (!isEnded) {
        choice.end(attempt.chosen);
        underWay.end(attempt, isSettled);
        pump();
      }
    }
  }

  /** Returns whether the notification is settled for good. */
  function onVerdict(attempt: AttemptUnderWay, verdict: Verdict): boolean {
    const { head, startedAtMs } = attempt;
    const isPaused = recordVerdict(attempt, verdict, { breaker, choice, clock });
    const wasSent = verdict.reach !== 'unreachable' || verdict.wasSent;
    verdicts.settle(head, verdict, aboutAttempt(head, wasSent, startedAtMs, clock), isPaused);
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
      await target.close();
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
