import type { Clock } from '../core/clock.js';
import type { PendingNotification } from '../outbox/outbox.js';
import type { Chosen } from './head-choice.js';

/**
 * The attempts under way. One that takes far longer than others did hangs, as far as anybody can tell: its notification may
 * be to blame, and others shall not wait for its end. So it does not count any more towards those that may be under way at
 * once, up to a limit.
 */
export interface AttemptsUnderWay {
  readonly count: number;
  /** Whether there may be one more, when the circuit breaker allows so many that do not hang. */
  hasRoom(allowed: number): boolean;
  /** Whether there may be one more besides for a newly accepted notification, which is not to wait for those that hang. */
  hasRoomForNewest(allowed: number): boolean;
  start(head: PendingNotification, chosen: Chosen, ordinal: number): AttemptUnderWay;
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
// By so much each answer forgets how long others took.
const fading = 0.99;

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
  /** How long answers take that take long; unknown before the first. */
  let slowMs: number | undefined;
  let timer: { readonly atMs: number; readonly cancel: () => void } | undefined;

  /** Whether what hangs is to blame itself, for others are answered that came later; otherwise it may be the CRM that hangs. */
  const isOutrun = (): boolean => clock.monotonicMs() - outrunAtMs < Math.max(options.timeoutMs, breaker.maxDelayMs);

  const usualPatienceMs = (): number => {
    const { firstDelayMs, maxDelayMs } = breaker;
    if (slowMs === undefined) return maxDelayMs;
    const wishedMs = isOutrun()
      ? Math.max(leastPatienceMs, usualTimes * slowMs)
      : Math.max(2 * firstDelayMs, 8 * slowMs);
    return Math.max(2 * slowMs, Math.min(maxDelayMs, wishedMs));
  };

  const patienceMs = (): number => {
    const probeMs = options.probeBoundMs();
    return probeMs > 0 ? Math.min(usualPatienceMs(), probeMs) : usualPatienceMs();
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
    start(head, chosen, ordinal) {
      const startedAtMs = clock.monotonicMs();
      const hangsAtMs = startedAtMs + patienceMs();
      const isSuspect = chosen.standing !== 'fresh';
      const attempt = { head, chosen, ordinal, isSuspect, startedAtMs, hangsAtMs, isHanging: false };
      attempts.push(attempt);
      lookAt(hangsAtMs, startedAtMs);
      return attempt;
    },
    end(attempt, isSettled) {
      const last = attempts.pop();
      if (last !== undefined && last !== attempt) attempts[attempts.indexOf(attempt)] = last;
      if (attempt.isHanging) hangingCount -= 1;
      if (!isSettled) return;
      const nowMs = clock.monotonicMs();
      slowMs = Math.max(nowMs - attempt.startedAtMs, (slowMs ?? 0) * fading);
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
