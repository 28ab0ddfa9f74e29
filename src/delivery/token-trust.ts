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
  /** Whether the token was taken not long ago, so that it may be right all the same. */
  wasTakenOfLate(nowMs: number): boolean;
  /** Whether so many different ones were refused in a row that it can hardly be them. */
  readonly isSurelyRefused: boolean;
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
  /** For so long after the token was taken only four times as many count. */
  readonly recentMs: number;
  /** For so long it was taken of late. */
  readonly lateMs: number;
}

export function createTokenTrust({ sureCount, recentMs, lateMs }: TokenTrustOptions): TokenTrust {
  let lastTaken = -1;
  let lastRefused = -1;
  /** The latest attempt that had started when one was refused. */
  let refusedUpTo = -1;
  let isRefused = false;
  let isContradicted = false;
  /** Refusals in a row, and how many of them were of notifications that had not failed before. */
  let [count, differentCount] = [0, 0];
  let takenAtMs = -Infinity;

  const isTheToken = (isSuspect: boolean, isTogether: boolean, nowMs: number): boolean => {
    if (nowMs - takenAtMs < recentMs) return differentCount >= 4 * sureCount;
    if (isTogether || isContradicted) return false;
    return !isSuspect || lastTaken < 0 || count >= sureCount;
  };

  return {
    get isRefused() {
      return isRefused;
    },
    get isSurelyRefused() {
      return differentCount >= sureCount;
    },
    wasTakenOfLate: (nowMs) => nowMs - takenAtMs < lateMs,
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
