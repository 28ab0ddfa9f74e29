import { timeoutCode } from '../target/target.js';

/**
 * Whether failures to reach the CRM are its fault, or the fault of the notifications that failed.
 *
 * No connection at all is the CRM's fault. If a connection breaks or hangs once a notification is on its way, the notification
 * may be the cause, so of these failures
 * - those that were under way together count as one: one of them may have ended the others;
 * - those of notifications that failed before count only while notifications that never failed before fail as well;
 * - four times as many are needed if the CRM responded to others a moment ago;
 * - one that hangs does not open the circuit until the CRM has not responded for as long as an attempt may take.
 */
export interface ReachTrust {
  /** The CRM responded; `sent` is the attempt, if it is known. */
  onResponded(sent: SentAttempt | undefined, nowMs: number): void;
  /** It did not; `lastStarted` is the latest attempt started by now. Returns whether the CRM is now considered down. */
  onFailed(code: string, sent: SentAttempt | undefined, lastStarted: number, nowMs: number): boolean;
  /** It did not, and is considered down already. */
  onFailedWhileDown(sent: SentAttempt | undefined): void;
  /** Starts counting from 0 again. */
  reset(): void;
  /** The number of failures in a row that count. */
  readonly failureCount: number;
  hasJustResponded(nowMs: number): boolean;
}

export interface ReachTrustOptions {
  readonly failureThreshold: number;
  /** For so long after a response, the CRM has just responded. */
  readonly maxDelayMs: number;
  /** How long an attempt may take. */
  readonly timeoutMs: number;
}

export function createReachTrust({ failureThreshold, maxDelayMs, timeoutMs }: ReachTrustOptions): ReachTrust {
  let failureCount = 0;
  /** The latest attempt that had started when a failure was last counted. */
  let lastCounted = -1;
  /** Whether a notification that never failed before has failed since the CRM last responded to such a one. */
  let isFreshFailing = true;
  let respondedAtMs = -Infinity;

  const hasJustResponded = (nowMs: number): boolean => nowMs - respondedAtMs < maxDelayMs;

  /** How many times the threshold is needed, given the responses so far. */
  const thresholdFactor = (nowMs: number, code: string, sent: SentAttempt | undefined): number => {
    if (sent === undefined) return 1;
    // A target that responds to some is up, however many others hang.
    if (code === timeoutCode && nowMs - respondedAtMs < Math.max(timeoutMs, maxDelayMs)) return Infinity;
    return hasJustResponded(nowMs) ? 4 : 1;
  };

  const onFailedWhileDown = (sent: SentAttempt | undefined): void => {
    if (sent?.isSuspect !== true) isFreshFailing = true;
  };

  return {
    onFailedWhileDown,
    get failureCount() {
      return failureCount;
    },
    hasJustResponded,
    reset() {
      failureCount = 0;
    },
    onResponded(sent, nowMs) {
      respondedAtMs = nowMs;
      failureCount = 0;
      if (sent?.isSuspect !== true) isFreshFailing = false;
    },
    onFailed(code, sent, lastStarted, nowMs) {
      onFailedWhileDown(sent);
      if (sent !== undefined && (!isFreshFailing || sent.ordinal <= lastCounted)) return false;
      failureCount += 1;
      lastCounted = lastStarted;
      return failureCount >= failureThreshold * thresholdFactor(nowMs, code, sent);
    },
  };
}

/**
 * Whether a 401 or 403 is the fault of the token, or of the one notification that got it.
 *
 * If the token worked a moment ago, it takes many refusals in a row, of different notifications, to blame the token. Otherwise
 * one refusal is enough, with these exceptions:
 * - After a refusal was contradicted, because an attempt that started later was not refused, the next refusal does not count,
 *   nor do those that were under way together with it. After that the contradiction is used up.
 * - A notification that failed before may have been refused for its own sake: it takes several refusals in a row.
 */
export interface TokenTrust {
  /** The CRM responded with something else. Ordinals are in the order in which attempts started. */
  onWorked(ordinal: number, nowMs: number): void;
  /** It refused an attempt; `lastStarted` is the latest attempt started by now. Returns whether the token is to blame. */
  onRefused(refused: SentAttempt, lastStarted: number, nowMs: number): boolean;
  /** Whether the token was blamed for a refusal, and nothing has contradicted that since. */
  readonly isRefused: boolean;
  /** Whether the token worked so recently that it takes many refusals. */
  hasJustWorked(nowMs: number): boolean;
  /** Whether the token worked not long ago. */
  hasWorkedLately(nowMs: number): boolean;
  /** Whether the notifications may be to blame: few different ones were refused in a row, or the token worked lately. */
  isInDoubt(nowMs: number): boolean;
}

/**
 * Whether a response such as 404 is the fault of the base URL, or of the one notification that got it.
 *
 * Before the CRM has judged a notification in another way, it is the base URL's. After that, it takes many such responses in a
 * row.
 */
export interface AddressTrust {
  /** The CRM took a notification, or rejected it for what is in it. */
  onJudged(): void;
  /** Returns whether the base URL is to blame. */
  onMisdirected(): boolean;
  /** Whether the CRM has ever judged a notification. */
  readonly hasJudged: boolean;
}

/** Whether the CRM has judged a notification at this URL, kept from one process to the next. */
export interface KnownUrl {
  readonly isKnown: boolean;
  /** Called once, when it is not known. Must not throw. */
  remember(): void;
}

export interface AddressTrustOptions {
  readonly sureCount: number;
  readonly knownUrl: KnownUrl;
}

export function createAddressTrust({ sureCount, knownUrl }: AddressTrustOptions): AddressTrust {
  let count = 0;
  let hasJudged = knownUrl.isKnown;
  return {
    get hasJudged() {
      return hasJudged;
    },
    onJudged() {
      count = 0;
      if (!hasJudged) knownUrl.remember();
      hasJudged = true;
    },
    onMisdirected() {
      count += 1;
      return !hasJudged || count >= sureCount;
    },
  };
}

export interface SentAttempt {
  /** What `onStart` returned. */
  readonly ordinal: number;
  /** Whether the notification failed before. */
  readonly isSuspect: boolean;
}

export interface TokenTrustOptions {
  /** So many refusals in a row, of different notifications, leave no doubt, unless the token worked lately. */
  readonly sureCount: number;
  /** For so long after the token worked, four times as many are needed. */
  readonly justNowMs: number;
  /** For so long after the token worked, there is doubt. */
  readonly latelyMs: number;
}

export function createTokenTrust({ sureCount, justNowMs, latelyMs }: TokenTrustOptions): TokenTrust {
  let lastWorked = -1;
  let lastRefused = -1;
  /** The latest attempt that had started at the last refusal that was not under way together with an earlier one. */
  let refusedUpTo = -1;
  let isRefused = false;
  let isContradicted = false;
  /** How many refusals in a row, and how many of them were of notifications that had not failed before. */
  let [count, differentCount] = [0, 0];
  let workedAtMs = -Infinity;

  const hasJustWorked = (nowMs: number): boolean => nowMs - workedAtMs < justNowMs;
  const hasWorkedLately = (nowMs: number): boolean => nowMs - workedAtMs < latelyMs;

  const isTokenToBlame = (isSuspect: boolean, isTogether: boolean, nowMs: number): boolean => {
    if (hasJustWorked(nowMs)) return differentCount >= 4 * sureCount;
    if (isTogether || isContradicted) return false;
    return !isSuspect || lastWorked < 0 || count >= sureCount;
  };

  return {
    get isRefused() {
      return isRefused;
    },
    isInDoubt: (nowMs) => differentCount < sureCount || hasWorkedLately(nowMs),
    hasJustWorked,
    hasWorkedLately,
    onWorked(ordinal, nowMs) {
      lastWorked = Math.max(lastWorked, ordinal);
      if (ordinal < lastRefused) return;
      workedAtMs = nowMs;
      if (isRefused && ordinal <= refusedUpTo) return;
      [count, differentCount] = [0, 0];
      isContradicted = refusedUpTo >= 0;
      isRefused = false;
    },
    onRefused({ ordinal, isSuspect }, lastStarted, nowMs) {
      if (lastWorked > ordinal) return false;
      lastRefused = Math.max(lastRefused, ordinal);
      count += 1;
      if (!isSuspect) differentCount += 1;
      const isTogether = ordinal <= refusedUpTo;
      isRefused ||= isTokenToBlame(isSuspect, isTogether, nowMs);
      if (!isTogether) {
        refusedUpTo = lastStarted;
        isContradicted = false;
      }
      return isRefused;
    },
  };
}
