import { timeoutCode } from '../target/target.js';

/**
 * Whether failures to reach the CRM speak of it, or of the notifications that met them.
 *
 * No connection at all speaks of the CRM. A connection that breaks, or hangs, once the notification is on its way may be the
 * notification's doing, so of those
 * - the ones that were under way together count as one: one of them may have ended the others;
 * - one that failed before counts only as long as those that did not fail as well;
 * - while others were answered a moment ago it takes four times as many;
 * - one that hangs opens nothing until none has been answered for as long as an attempt may take.
 */
export interface ReachTrust {
  /** The CRM answered, this attempt if it is known which. */
  onAnswered(sent: SentAttempt | undefined, nowMs: number): void;
  /** It did not, when `lastStarted` was the latest to have started; returns whether that is enough to take the CRM for down. */
  onFailed(code: string, sent: SentAttempt | undefined, lastStarted: number, nowMs: number): boolean;
  /** It did not, while it is taken for down already. */
  onFailedMeanwhile(sent: SentAttempt | undefined): void;
  /** Counts from nothing again. */
  reset(): void;
  /** Failures in a row that count. */
  readonly failureCount: number;
  wasJustAnswered(nowMs: number): boolean;
}

export interface ReachTrustOptions {
  readonly failureThreshold: number;
  /** For so long an answer was just now. */
  readonly maxDelayMs: number;
  /** How long an attempt may take. */
  readonly timeoutMs: number;
}

export function createReachTrust({ failureThreshold, maxDelayMs, timeoutMs }: ReachTrustOptions): ReachTrust {
  let failureCount = 0;
  /** The last attempt that had started when one of these was counted. */
  let lastCounted = -1;
  /** Whether what never failed before has failed since one of that kind was answered last. */
  let isFreshFailing = true;
  let answeredAtMs = -Infinity;

  const wasJustAnswered = (nowMs: number): boolean => nowMs - answeredAtMs < maxDelayMs;

  /** How many times the threshold it takes, by what was answered before. */
  const patienceWith = (nowMs: number, code: string, sent: SentAttempt | undefined): number => {
    if (sent === undefined) return 1;
    // A target that answers some is up, however many others hang.
    if (code === timeoutCode && nowMs - answeredAtMs < Math.max(timeoutMs, maxDelayMs)) return Infinity;
    return wasJustAnswered(nowMs) ? 4 : 1;
  };

  const onFailedMeanwhile = (sent: SentAttempt | undefined): void => {
    if (sent?.isSuspect !== true) isFreshFailing = true;
  };

  return {
    onFailedMeanwhile,
    get failureCount() {
      return failureCount;
    },
    wasJustAnswered,
    reset() {
      failureCount = 0;
    },
    onAnswered(sent, nowMs) {
      answeredAtMs = nowMs;
      failureCount = 0;
      if (sent?.isSuspect !== true) isFreshFailing = false;
    },
    onFailed(code, sent, lastStarted, nowMs) {
      onFailedMeanwhile(sent);
      if (sent !== undefined && (!isFreshFailing || sent.ordinal <= lastCounted)) return false;
      failureCount += 1;
      lastCounted = lastStarted;
      return failureCount >= failureThreshold * patienceWith(nowMs, code, sent);
    },
  };
}

/**
 * Whether a 401 or 403 speaks of the token, or of the one notification that met it.
 *
 * While the token was taken a moment ago, it takes many refusals in a row of different notifications. Otherwise a refusal is
 * taken for the token's, with these exceptions:
 * - After a refusal was contradicted, because an attempt that started later was taken, the next one does not count, nor do
 *   those that were under way together with it. With that the contradiction is spent.
 * - One that failed before may have been refused for its own sake: it takes several refusals in a row.
 */
export interface TokenTrust {
  /** The CRM answered something else; the order of attempts is that of their starts. */
  onTaken(ordinal: number, nowMs: number): void;
  /** It refused one, when `lastStarted` was the latest to have started; returns whether that is taken for the token's fault. */
  onRefused(refused: SentAttempt, lastStarted: number, nowMs: number): boolean;
  /** Whether nothing has contradicted the last refusal that was taken for the token's. */
  readonly isRefused: boolean;
  /** Whether the token was taken so lately that it takes many refusals. */
  wasTakenJustNow(nowMs: number): boolean;
  /** Whether the token was taken not long ago. */
  wasTakenOfLate(nowMs: number): boolean;
  /** Whether it may be the notifications all the same: few different ones were refused in a row, or the token was taken of late. */
  isInDoubt(nowMs: number): boolean;
}

export interface SentAttempt {
  /** What `onStart` returned. */
  readonly ordinal: number;
  /** Whether the notification failed before. */
  readonly isSuspect: boolean;
}

export interface TokenTrustOptions {
  /** So many refusals in a row, of different notifications, leave no doubt, unless the token was taken of late. */
  readonly sureCount: number;
  /** For so long after the token was taken it takes four times as many. */
  readonly justNowMs: number;
  /** For so long after it was taken there is doubt. */
  readonly ofLateMs: number;
}

export function createTokenTrust({ sureCount, justNowMs, ofLateMs }: TokenTrustOptions): TokenTrust {
  let lastTaken = -1;
  let lastRefused = -1;
  /** The latest attempt that had started when one was refused. */
  let refusedUpTo = -1;
  let isRefused = false;
  let isContradicted = false;
  /** Refusals in a row, and how many of them were of notifications that had not failed before. */
  let [count, differentCount] = [0, 0];
  let takenAtMs = -Infinity;

  const wasTakenJustNow = (nowMs: number): boolean => nowMs - takenAtMs < justNowMs;
  const wasTakenOfLate = (nowMs: number): boolean => nowMs - takenAtMs < ofLateMs;

  const isTheToken = (isSuspect: boolean, isTogether: boolean, nowMs: number): boolean => {
    if (wasTakenJustNow(nowMs)) return differentCount >= 4 * sureCount;
    if (isTogether || isContradicted) return false;
    return !isSuspect || lastTaken < 0 || count >= sureCount;
  };

  return {
    get isRefused() {
      return isRefused;
    },
    isInDoubt: (nowMs) => differentCount < sureCount || wasTakenOfLate(nowMs),
    wasTakenJustNow,
    wasTakenOfLate,
    onTaken(ordinal, nowMs) {
      lastTaken = Math.max(lastTaken, ordinal);
      if (ordinal < lastRefused) return;
      takenAtMs = nowMs;
      if (isRefused && ordinal <= refusedUpTo) return;
      [count, differentCount] = [0, 0];
      isContradicted = refusedUpTo >= 0;
      isRefused = false;
    },
    onRefused({ ordinal, isSuspect }, lastStarted, nowMs) {
      if (lastTaken > ordinal) return false;
      lastRefused = Math.max(lastRefused, ordinal);
      count += 1;
      if (!isSuspect) differentCount += 1;
      const isTogether = ordinal <= refusedUpTo;
      isRefused ||= isTheToken(isSuspect, isTogether, nowMs);
      if (!isTogether) {
        refusedUpTo = lastStarted;
        isContradicted = false;
      }
      return isRefused;
    },
  };
}
