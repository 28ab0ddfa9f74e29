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
