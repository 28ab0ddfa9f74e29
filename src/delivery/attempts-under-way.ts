import type { Clock } from '../core/clock.js';
import type { PendingNotification } from '../outbox/outbox.js';
import type { Chosen } from './head-choice.js';

/**
 * The attempts under way. One that takes far longer than others did is taken to hang: its notification may be to blame, and
 * others must not wait for it. So it no longer counts towards those that may be under way at once, up to a limit. When so many
 * hang that the limit is reached, the one that has hung longest can be cut off to make room.
 */
export interface AttemptsUnderWay {
  readonly count: number;
  /** Whether one more may start. `allowed`: how many that do not hang the circuit breaker allows. */
  hasRoom(allowed: number): boolean;
  /** Whether an extra one may start for a newly accepted notification, which must not wait for those that hang. */
  hasRoomForNewest(allowed: number): boolean;
  /** `abort` can cut the attempt off; without it, the attempt cannot be cut off. */
  start(head: PendingNotification, chosen: Chosen, ordinal: number, abort?: AbortController): AttemptUnderWay;
  /**
   * How long until one that hangs may be cut off for another; undefined when none will be, or there is room without that. An
   * attempt is cut off only after one that started later was settled, and after many times as long as responses take.
   */
  cutOffInMs(nowMs: number): number | undefined;
  /** Cuts off the one that has hung longest, if that is allowed by now; its end makes room. */
  cutOff(nowMs: number): void;
  /** The attempt is over. `isSettled`: its response settled the notification for good. */
  end(attempt: AttemptUnderWay, isSettled: boolean): void;
  stop(): void;
}

export interface AttemptUnderWay {
  readonly head: PendingNotification;
  readonly chosen: Chosen;
  readonly ordinal: number;
  readonly isSuspect: boolean;
  readonly startedAtMs: number;
  readonly hangsAtMs: number;
  readonly abort: AbortController | undefined;
  isHanging: boolean;
}

export interface AttemptsUnderWayOptions {
  readonly clock: Clock;
  readonly concurrency: number;
  readonly timeoutMs: number;
  readonly breaker: { readonly firstDelayMs: number; readonly maxDelayMs: number };
  /** The longest wait until the next probe: a probe that takes longer is taken to hang. 0 when there are no probes. */
  readonly probeBoundMs: () => number;
  readonly onHanging: (attempt: AttemptUnderWay) => void;
  /** Called once after a check that found hanging attempts. */
  readonly onRoom: () => void;
}

// So many times the concurrency may hang as well, while attempts that started later are settled.
const maxHangingShare = 4;
// And so many times when newly accepted ones are among them.
const maxHangingShareWithNewest = 5;
// While overtaken, an attempt hangs after so many times the average response time, but not within a pause any server may make.
const averageFactor = 20;
const minHangsAfterMs = 250;
// It may be cut off after so many times the wait until it hangs, or so many times the breaker's first delay if that is longer.
const cutOffFactor = 2;
// Each new response shrinks the longest earlier response time by this factor.
const slowDecay = 0.99;
// The average covers about so many responses, so that a single slow one hardly counts.
const averagedOver = 16;

/** How many attempts may be under way in all, hanging ones included. */
export function maxUnderWay(concurrency: number): number {
  return concurrency * (1 + maxHangingShareWithNewest);
}

export function createAttemptsUnderWay(options: AttemptsUnderWayOptions): AttemptsUnderWay {
  const { clock, concurrency, breaker } = options;
  // A short array: a set keeps whatever was in it until V8 collects its old generation.
  const attempts: AttemptUnderWay[] = [];
  let hangingCount = 0;
  /** When an attempt was last settled that had started after one that hangs. */
  let overtakenAtMs = -Infinity;
  /** The last to start of the attempts that were settled. */
  let lastSettledOrdinal = -1;
  /** How long slow responses take; undefined before the first response. */
  let slowMs: number | undefined;
  /** How long responses have taken lately, on average. */
  let averageMs = 0;
  let timer: { readonly atMs: number; readonly cancel: () => void } | undefined;

  /** Whether attempts that started later were settled lately: then what hangs is to blame itself. Otherwise the CRM may hang. */
  const isOvertaken = (): boolean =>
    clock.monotonicMs() - overtakenAtMs < Math.max(options.timeoutMs, breaker.maxDelayMs);

  const usualHangsAfterMs = (): number => {
    const { firstDelayMs, maxDelayMs } = breaker;
    if (slowMs === undefined) return maxDelayMs;
    const wantedMs = isOvertaken()
      ? Math.max(minHangsAfterMs, averageFactor * averageMs)
      : Math.max(2 * firstDelayMs, 8 * slowMs);
    return Math.max(2 * slowMs, Math.min(maxDelayMs, wantedMs));
  };

  const hangsAfterMs = (): number => {
    const probeMs = options.probeBoundMs();
    return probeMs > 0 ? Math.min(usualHangsAfterMs(), probeMs) : usualHangsAfterMs();
  };

  /** The wait doubles with each earlier attempt, so that a request that is merely slow gets through in the end. */
  const cutOffAtMs = ({ startedAtMs, head }: AttemptUnderWay): number =>
    startedAtMs +
    Math.ceil(cutOffFactor * Math.max(breaker.firstDelayMs, usualHangsAfterMs())) * 2 ** Math.min(head.attempts, 31);

  /** The one that may be cut off first. */
  const firstToCutOff = (): AttemptUnderWay | undefined => {
    if (!isOvertaken() || hangingCount <= concurrency * maxHangingShare) return undefined;
    let first: AttemptUnderWay | undefined;
    for (const attempt of attempts) {
      // One at a time.
      if (attempt.abort?.signal.aborted === true) return undefined;
      if (!attempt.isHanging || attempt.ordinal > lastSettledOrdinal || attempt.abort === undefined) continue;
      if (first === undefined || cutOffAtMs(attempt) < cutOffAtMs(first)) first = attempt;
    }
    return first;
  };

  const notHangingCount = (): number => attempts.length - hangingCount;

  const checkHanging = (): void => {
    timer = undefined;
    const nowMs = clock.monotonicMs();
    const hanging = attempts.filter((attempt) => !attempt.isHanging && attempt.hangsAtMs <= nowMs);
    for (const attempt of hanging) {
      attempt.isHanging = true;
      hangingCount += 1;
      options.onHanging(attempt);
    }
    const next = attempts.reduce(
      (atMs, { isHanging, hangsAtMs }) => (isHanging ? atMs : Math.min(atMs, hangsAtMs)),
      Infinity,
    );
    if (next < Infinity) scheduleCheck(next, nowMs);
    if (hanging.length > 0) options.onRoom();
  };

  const scheduleCheck = (atMs: number, nowMs: number): void => {
    // One timer for all attempts, which seldom has to be reset.
    if (timer !== undefined && timer.atMs <= atMs) return;
    timer?.cancel();
    timer = { atMs, cancel: clock.after(Math.max(0, atMs - nowMs), checkHanging) };
  };

  return {
    get count() {
      return attempts.length;
    },
    hasRoom(allowed) {
      const share = isOvertaken() || options.probeBoundMs() > 0 ? maxHangingShare : 1;
      return notHangingCount() < allowed && hangingCount <= concurrency * share;
    },
    hasRoomForNewest(allowed) {
      // One more than allowed: while some hang, few are allowed, and those few may be about to hang as well.
      const maxNotHanging = allowed === 0 ? 0 : Math.min(concurrency, allowed + 1);
      return (
        isOvertaken() && notHangingCount() < maxNotHanging && hangingCount <= concurrency * maxHangingShareWithNewest
      );
    },
    start(head, chosen, ordinal, abort) {
      const startedAtMs = clock.monotonicMs();
      // Whole milliseconds: after waiting for a fraction, a fraction may be left to wait for, over and over.
      const hangsAtMs = startedAtMs + Math.ceil(hangsAfterMs());
      const isSuspect = chosen.standing !== 'fresh';
      const attempt = { head, chosen, ordinal, isSuspect, startedAtMs, hangsAtMs, abort, isHanging: false };
      attempts.push(attempt);
      scheduleCheck(hangsAtMs, startedAtMs);
      return attempt;
    },
    cutOffInMs(nowMs) {
      const first = firstToCutOff();
      return first === undefined ? undefined : Math.max(1, cutOffAtMs(first) - nowMs);
    },
    cutOff(nowMs) {
      const first = firstToCutOff();
      if (first !== undefined && cutOffAtMs(first) <= nowMs) first.abort?.abort();
    },
    end(attempt, isSettled) {
      const last = attempts.pop();
      if (last !== undefined && last !== attempt) attempts[attempts.indexOf(attempt)] = last;
      if (attempt.isHanging) hangingCount -= 1;
      if (!isSettled) return;
      const nowMs = clock.monotonicMs();
      lastSettledOrdinal = Math.max(lastSettledOrdinal, attempt.ordinal);
      const tookMs = nowMs - attempt.startedAtMs;
      averageMs = slowMs === undefined ? tookMs : averageMs + (tookMs - averageMs) / averagedOver;
      slowMs = Math.max(tookMs, (slowMs ?? 0) * slowDecay);
      if (attempt.isHanging || hangingCount === 0) return;
      if (attempts.some(({ isHanging, ordinal }) => isHanging && ordinal < attempt.ordinal)) overtakenAtMs = nowMs;
    },
    stop() {
      timer?.cancel();
      attempts.length = 0;
      hangingCount = 0;
    },
  };
}

/** The callers that wait until delivery has nothing to do. */
export interface IdleWaiters {
  readonly isEmpty: boolean;
  /** Resolves at the next `resolveAll`. */
  wait(): Promise<void>;
  /** Call it when delivery is idle or has stopped. */
  resolveAll(): void;
}

export function createIdleWaiters(): IdleWaiters {
  let waiters: (() => void)[] = [];
  return {
    get isEmpty() {
      return waiters.length === 0;
    },
    wait: () => new Promise((resolve) => waiters.push(resolve)),
    resolveAll() {
      const resolvers = waiters;
      waiters = [];
      for (const resolve of resolvers) resolve();
    },
  };
}
