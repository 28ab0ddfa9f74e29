/**
 * Whether a 401 or 403 speaks of the token, or of the one notification that met it.
 *
 * A refusal is taken for the token's, unless it is contradicted: an attempt that started later is taken. Then the next
 * refusal does not count, nor do those that were under way together with it; but with that the contradiction is spent, so
 * that of two refusals in a row without a success between them the second counts again.
 */
export interface TokenTrust {
  /** The CRM answered something else; the order of attempts is that of their starts. */
  onTaken(ordinal: number): void;
  /** It refused one, when `lastStarted` was the latest to have started; answers whether that is taken for the token's fault. */
  onRefused(refused: SentAttempt, lastStarted: number): boolean;
  /** Whether nothing has contradicted the last refusal. */
  readonly isRefused: boolean;
  /** Whether so many different ones were refused in a row that it can hardly be them. */
  readonly isSurelyRefused: boolean;
}

export interface SentAttempt {
  /** What `onStart` answered. */
  readonly ordinal: number;
  /** Whether the notification failed before. */
  readonly isSuspect: boolean;
}

/** `sureCount` refusals of different notifications in a row leave no doubt. */
export function createTokenTrust(sureCount: number): TokenTrust {
  let lastTaken = -1;
  /** The latest attempt that had started when one was refused. */
  let refusedUpTo = -1;
  let isRefused = false;
  let isContradicted = false;
  let differentCount = 0;

  return {
    get isRefused() {
      return isRefused;
    },
    get isSurelyRefused() {
      return differentCount >= sureCount;
    },
    onTaken(ordinal) {
      lastTaken = Math.max(lastTaken, ordinal);
      if (ordinal <= refusedUpTo) return;
      differentCount = 0;
      isRefused = false;
      isContradicted = refusedUpTo >= 0;
    },
    onRefused({ ordinal, isSuspect }, lastStarted) {
      if (!isSuspect) differentCount += 1;
      if (lastTaken > ordinal) return false;
      // Under way together with one that did not count.
      if (!isRefused && ordinal <= refusedUpTo) return false;
      refusedUpTo = lastStarted;
      isRefused = !isContradicted;
      isContradicted = false;
      return isRefused;
    },
  };
}
