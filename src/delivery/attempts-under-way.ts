import type { Clock } from '../core/clock.js';
import type { PendingNotification } from '../outbox/outbox.js';
import type { Chosen } from './head-choice.js';

/**
 * The attempts under way. One that takes far longer than others did hangs, as far as anybody can tell: its notification may
 * be to blame, and others shall not wait for its end. So it does not count any more towards those that may be under way at
 * once, up to a limit. When so many hang that the limit is reached, the one that has hung longest can be cut off to make room.
 */
export interface AttemptsUnderWay {
  readonly count: number;
  /** Whether there may be one more, when the circuit breaker allows so many that do not hang. */
  hasRoom(allowed: number): boolean;
  /** Whether there may be one more besides for a newly accepted notification, which is not to wait for those that hang. */
  hasRoomForNewest(allowed: number): boolean;
  /** `abort` is what it can be cut off by, if it can. */
  start(head: PendingNotification, chosen: Chosen, ordinal: number, abort?: AbortController): AttemptUnderWay;
  /**
   * How long until one that hangs may be cut off for another; undefined when none will be, or there is room without that. None is
   * before one that started later has been answered, nor before it has taken many times as long as answers do.
   */
  cutOffInMs(nowMs: number): number | undefined;
  /** Cuts off the one that has hung longest, if that may be; then its end makes room. */
  cutOff(nowMs: number): void;
  /** It is over: answered so that the notification is settled, or otherwise. */
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
  /** The longest wait until the next probe, which another one shall not outlast; 0 when there are no probes. */
  readonly probeBoundMs: () => number;
  readonly onHanging: (attempt: AttemptUnderWay) => void;
  /** After all that were found hanging at once. */
  readonly onRoom: () => void;
}

// So many times the concurrency may hang besides, while others that started later are answered.
const maxHangingShare = 4;
// And so many when newly accepted ones are among them.
const maxHangingShareWithNewest = 5;
// Then an attempt hangs after so many times what answers take, but not before a pause that any server may make.
const usualTimes = 20;
const leastPatienceMs = 250;
// It may be cut off after so many times the time after which it is taken to hang, or so many times the breaker's first delay.
const cutOffTimes = 2;
// By so much each answer forgets how long others took.
const fading = 0.99;
// The average is of about so many: a single slow answer is not what they usually take.
const averagedOver = 16;

/** So many may be under way in all, hanging ones included. */
export function maxUnderWay(concurrency: number): number {
  return concurrency * (1 + maxHangingShareWithNewest);
}

export function createAttemptsUnderWay(options: AttemptsUnderWayOptions): AttemptsUnderWay {
  const { clock, concurrency, breaker } = options;
  // An array, and short: a set keeps what was ever in it until V8 collects its old generation.
  const attempts: AttemptUnderWay[] = [];
  let hangingCount = 0;
  /** When one was answered last that had started after one that hangs. */
  let outrunAtMs = -Infinity;
  /** The latest start of one that was answered. */
  let answeredUpTo = -1;
  /** How long answers take that take long; unknown before the first. */
  let slowMs: number | undefined;
  /** How long they take on average, of late. */
  let usualMs = 0;
  let timer: { readonly atMs: number; readonly cancel: () => void } | undefined;

  /** Whether what hangs is to blame itself, for others are answered that came later; otherwise it may be the CRM that hangs. */
  const isOutrun = (): boolean => clock.monotonicMs() - outrunAtMs < Math.max(options.timeoutMs, breaker.maxDelayMs);

  const usualPatienceMs = (): number => {
    const { firstDelayMs, maxDelayMs } = breaker;
    if (slowMs === undefined) return maxDelayMs;
    const wishedMs = isOutrun()
      ? Math.max(leastPatienceMs, usualTimes * usualMs)
      : Math.max(2 * firstDelayMs, 8 * slowMs);
    return Math.max(2 * slowMs, Math.min(maxDelayMs, wishedMs));
  };

  const patienceMs = (): number => {
    const probeMs = options.probeBoundMs();
    return probeMs > 0 ? Math.min(usualPatienceMs(), probeMs) : usualPatienceMs();
  };

  /** Twice as long with each attempt before: one that is only slow gets through in the end. */
  const cutOffAtMs = ({ startedAtMs, head }: AttemptUnderWay): number =>
    startedAtMs +
    Math.ceil(cutOffTimes * Math.max(breaker.firstDelayMs, usualPatienceMs())) * 2 ** Math.min(head.attempts, 31);

  /** The one that may be cut off first. */
  const firstToCutOff = (): AttemptUnderWay | undefined => {
    if (!isOutrun() || hangingCount <= concurrency * maxHangingShare) return undefined;
    let first: AttemptUnderWay | undefined;
    for (const attempt of attempts) {
      // One at a time.
      if (attempt.abort?.signal.aborted === true) return undefined;
      if (!attempt.isHanging || attempt.ordinal > answeredUpTo || attempt.abort === undefined) continue;
      if (first === undefined || cutOffAtMs(attempt) < cutOffAtMs(first)) first = attempt;
    }
    return first;
  };

  const lively = (): number => attempts.length - hangingCount;

  const look = (): void => {
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
    if (next < Infinity) lookAt(next, nowMs);
    if (hanging.length > 0) options.onRoom();
  };

  const lookAt = (atMs: number, nowMs: number): void => {
    // One timer for all, which seldom has to be set anew.
    if (timer !== undefined && timer.atMs <= atMs) return;
    timer?.cancel();
    timer = { atMs, cancel: clock.after(Math.max(0, atMs - nowMs), look) };
  };

  return {
    get count() {
      return attempts.length;
    },
    hasRoom(allowed) {
      const share = isOutrun() || options.probeBoundMs() > 0 ? maxHangingShare : 1;
      return lively() < allowed && hangingCount <= concurrency * share;
    },
    hasRoomForNewest(allowed) {
      // One more than allowed: while some hang few are, and those few may be about to hang as well.
      const most = allowed === 0 ? 0 : Math.min(concurrency, allowed + 1);
      return isOutrun() && lively() < most && hangingCount <= concurrency * maxHangingShareWithNewest;
    },
    start(head, chosen, ordinal, abort) {
      const startedAtMs = clock.monotonicMs();
      // Whole milliseconds: to wait for a fraction of one may leave a fraction to wait for, over and over.
      const hangsAtMs = startedAtMs + Math.ceil(patienceMs());
      const isSuspect = chosen.standing !== 'fresh';
      const attempt = { head, chosen, ordinal, isSuspect, startedAtMs, hangsAtMs, abort, isHanging: false };
      attempts.push(attempt);
      lookAt(hangsAtMs, startedAtMs);
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
      answeredUpTo = Math.max(answeredUpTo, attempt.ordinal);
      const tookMs = nowMs - attempt.startedAtMs;
      usualMs = slowMs === undefined ? tookMs : usualMs + (tookMs - usualMs) / averagedOver;
      slowMs = Math.max(tookMs, (slowMs ?? 0) * fading);
      if (attempt.isHanging || hangingCount === 0) return;
      if (attempts.some(({ isHanging, ordinal }) => isHanging && ordinal < attempt.ordinal)) outrunAtMs = nowMs;
    },
    stop() {
      timer?.cancel();
      attempts.length = 0;
      hangingCount = 0;
    },
  };
}

/** Those who wait until delivery has nothing to do. */
export interface IdleWaiters {
  readonly isEmpty: boolean;
  /** Resolves with the next `tell`. */
  wait(): Promise<void>;
  /** Delivery is idle, or is over. */
  tell(): void;
}

export function createIdleWaiters(): IdleWaiters {
  let waiters: (() => void)[] = [];
  return {
    get isEmpty() {
      return waiters.length === 0;
    },
    wait: () => new Promise((resolve) => waiters.push(resolve)),
    tell() {
      const told = waiters;
      waiters = [];
      for (const resolve of told) resolve();
    },
  };
}
