import { timeoutCode } from '../target/target.js';
import type { SentAttempt } from './token-trust.js';

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
