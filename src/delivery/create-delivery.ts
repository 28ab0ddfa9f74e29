import { errorDataOf } from '../core/errors.js';
import { nextTurn } from '../core/next-turn.js';
import type { PendingNotification } from '../outbox/outbox.js';
import { timeoutCode, type Verdict } from '../target/target.js';
import { type AttemptUnderWay, createAttemptsUnderWay, createIdleWaiters } from './attempts-under-way.js';
import { createCircuitBreaker } from './circuit-breaker.js';
import { createCompanions } from './companions.js';
import { aboutAttempt } from './delivery-event.js';
import { createHeadChoice } from './head-choice.js';
import { createLanes } from './lanes.js';
import { createRateLimit, createStartRule } from './start-rule.js';
import { createReadyHeads } from './heads.js';
import { createNextRound, roundSize } from './next-round.js';
import { recordVerdict, verdictOfAttempt } from './record-verdict.js';
import { createVerdictSettler } from './settle-verdict.js';
import { createSettlements } from './settlements.js';
import { targetQueue } from './target-queue.js';
import type { Delivery } from './delivery.js';
import type { DeliveryOptions } from './delivery-options.js';

const maxLanes = 10_000;
/** Followers in memory, and settlements at once: more only where a request takes more, because both make others wait. */
const fewest = 256;
const failureDelayMs = 1_000;

export function createDelivery(options: DeliveryOptions): Delivery {
  const { outbox, target, clock, steady, retry, concurrency, timeoutMs, random, onEvent } = options;
  const maxWaitMs = Math.max(retry.maxDelayMs, retry.maxRetryAfterMs);
  const ready = createReadyHeads();
  const maxFollowers = Math.max(fewest, concurrency * (target.batch?.maxCount ?? 1) * 2);
  const lanes = createLanes({
    queue: targetQueue(outbox, target.name),
    now: () => steady.now(),
    ...{ maxWaitMs, maxLanes, maxFollowers, ready },
    isReadingAhead: () => choice.isTroubled,
    isRisky: (notification) => choice.isRisky(notification),
  });
  const rateLimit = createRateLimit(options.rateLimit, retry);
  const breaker = createCircuitBreaker({
    ...options.breaker,
    concurrency,
    timeoutMs,
    random,
    knownUrl: options.knownUrl,
    onPause: (cause) => {
      onEvent({ kind: 'paused', target: target.name, cause });
    },
    onResume: () => {
      onEvent({ kind: 'resumed', target: target.name });
    },
  });
  const settlements = createSettlements({
    outbox,
    clock,
    gatherMs: options.gatherMs,
    enough: Math.max(fewest, 2 * (target.batch?.maxCount ?? 1)),
    onError: (error) => {
      onEvent({ kind: 'outboxFailed', operation: 'settle', error: errorDataOf(error) });
    },
    onBatch: pumpUnlessGathering,
  });
  const verdicts = createVerdictSettler({
    check: (head) => target.check(head),
    lanes,
    settlements,
    forgetsWaiting: outbox.forgetsWaiting ?? false,
    ...{ breaker, retry, random, clock, steady, onEvent },
  });
  const choice = createHeadChoice({ ready, breaker, concurrency, random });
  const companions = createCompanions({ target, lanes, choice, breaker });
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
    onRoom: pumpUnlessGathering,
  });
  const { mayStart = () => true, isPaused = () => false } = options;
  const startRule = createStartRule({ lanes, ready, breaker, underWay, choice, settlements, mayStart, isPaused });
  const { isBatching, enough, gatherMs } = roundSize(options);
  const round = createNextRound({ clock, gatherMs, enough, start: pump });
  const idleWaiters = createIdleWaiters();
  let cancelTimer: (() => void) | undefined;
  let isReadFailing = false;
  let isStopped = false;
  let isEnded = false;
  let inFlight = 0;

  /** Starts as many attempts as may start now, and sets the timer for the next time one may. */
  function pump(): void {
    cancelTimer?.();
    cancelTimer = undefined;
    round.cancel();
    if (isStopped) return;
    try {
      const waitMs = startAttempts();
      if (waitMs !== undefined) cancelTimer = clock.after(waitMs, pump);
      if (isIdle()) idleWaiters.resolveAll();
      isReadFailing = false;
    } catch (error) {
      // The outbox could not be read: try again later. Reported once for each spell of failures.
      if (!isReadFailing) onEvent({ kind: 'outboxFailed', operation: 'read', error: errorDataOf(error) });
      isReadFailing = true;
      cancelTimer?.();
      cancelTimer = clock.after(failureDelayMs, pump);
    }
  }

  function pumpUnlessGathering(): void {
    if (!round.isGathering) pump();
  }

  function isIdle(): boolean {
    if (underWay.count > 0 || settlements.size > 0) return false;
    return isPaused() || (!lanes.findReady(clock.monotonicMs()) && !lanes.isSearching);
  }

  /** Returns how long until another attempt may start; undefined when something else must happen first. */
  function startAttempts(): number | undefined {
    const nowMs = clock.monotonicMs();
    for (let allowedHead = startRule.next(nowMs); allowedHead !== undefined; allowedHead = startRule.next(nowMs)) {
      const limitedMs = rateLimit.take(nowMs);
      if (limitedMs > 0) return limitedMs;
      const head = lanes.take(nowMs, () => choice.choose(allowedHead === 'newest'));
      if (head !== undefined) startAttempt(head, nowMs);
    }
    // While the circuit is open, nothing starts before its probe.
    const probeInMs = startRule.probeInMs(nowMs);
    if (probeInMs > 0) return probeInMs;
    const roomInMs = startRule.roomInMs(nowMs);
    if (roomInMs !== 0) return roomInMs;
    return lanes.isSearching ? 0 : lanes.dueInMs(nowMs);
  }

  function startAttempt(head: PendingNotification, nowMs: number): void {
    if (!verdicts.isSendable(head)) return;
    const chosen = choice.begin();
    const others = companions.take(head, chosen, nowMs).filter((other) => verdicts.isSendable(other));
    // Created only while it may be needed: it costs a microsecond and half a kilobyte.
    const abort = choice.isTroubled ? new AbortController() : undefined;
    void runAttempt(underWay.start(head, chosen, breaker.onStart(), abort), [head, ...others]);
  }

  async function runAttempt(attempt: AttemptUnderWay, heads: readonly PendingNotification[]): Promise<void> {
    let isSettled = false;
    inFlight += heads.length;
    try {
      const found = await target.send(heads, attempt.abort?.signal);
      const [first] = found;
      // Cut off by `stop`, or not sent because another process may deliver now: no evidence about the target; they keep their place.
      if (isEnded || (first?.reach === 'unreachable' && (isStopped || (!first.wasSent && !mayStart())))) return;
      isSettled = onVerdicts(attempt, heads, found);
    } catch (error) {
      // A format may fail to join them. Nothing else should throw; if it does, the notifications must not stay in flight for ever.
      companions.separate(heads);
      for (const head of heads) lanes.putBack(head, clock.monotonicMs() + failureDelayMs);
      onEvent({ kind: 'deliveryFailed', target: target.name, error: errorDataOf(error) });
    } finally {
      if (!isEnded) {
        inFlight -= heads.length;
        choice.end(attempt.chosen);
        underWay.end(attempt, isSettled);
        pump();
        // A small round is over: settle it while the code for that is warm.
        if (underWay.count === 0 && settlements.size < enough) settlements.hurry();
      }
    }
  }

  /** Returns whether one of the notifications is settled for good. */
  function onVerdicts(
    attempt: AttemptUnderWay,
    heads: readonly PendingNotification[],
    found: readonly Verdict[],
  ): boolean {
    const ofAttempt = verdictOfAttempt(found);
    const isPaused = recordVerdict(attempt, ofAttempt, { breaker, choice, clock });
    const wasSent = ofAttempt.reach !== 'unreachable' || ofAttempt.wasSent;
    rateLimit.onVerdict(ofAttempt, clock.monotonicMs());
    companions.onVerdicts(heads, found);
    const settle = verdicts.ofAttempt(isPaused);
    heads.forEach((head, index) => {
      settle(head, found[index] ?? ofAttempt, aboutAttempt(head, wasSent, attempt.startedAtMs, clock));
    });
    if (!idleWaiters.isEmpty) settlements.hurry();
    return found.some(({ kind }) => kind === 'delivered' || kind === 'dead');
  }

  /** Another process may have asked for some; those that are not ready are tried when they are. */
  function wantStored(): void {
    for (const id of lanes.wantedIds()) {
      choice.want(id);
      if (lanes.hurry(id, clock.monotonicMs())) breaker.probeNow(clock.monotonicMs());
    }
  }

  return {
    get circuit() {
      return breaker.state;
    },
    get inFlight() {
      return inFlight;
    },
    wake(accepted) {
      const isWorking = !isBatching && (underWay.count > 0 || (ready.size > 0 && !round.isGathering));
      lanes.onAccepted(accepted ?? [], clock.monotonicMs());
      if (accepted === undefined) {
        wantStored();
        pump();
      } else if (isWorking || !idleWaiters.isEmpty) round.startSoon();
      else round.add(accepted.length);
    },
    tryNow(id) {
      choice.want(id);
      lanes.hurry(id, clock.monotonicMs());
      breaker.probeNow(clock.monotonicMs());
      pump();
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
      round.cancel();
      await target.close();
      // Settle what has arrived by now. An attempt that outlives its connection, as while it waits for a token, is abandoned.
      await nextTurn();
      isEnded = true;
      inFlight = 0;
      underWay.stop();
      await settlements.close();
      idleWaiters.resolveAll();
    },
  };
}
