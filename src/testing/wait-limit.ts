/** How long to wait. */
export interface WaitLimit {
  /**
   * The longest wait, in milliseconds of real time, also where the notifier's clock is an owned one. Raise it where the
   * app takes its time.
   * @default 5_000
   */
  readonly timeoutMs?: number | undefined;
}

/** The options of a wait with their defaults; throws a `TypeError` for those that would never end it, or at once. */
export function checkWait(options: WaitLimit & { readonly count?: number | undefined }): {
  readonly count: number;
  readonly timeoutMs: number;
} {
  const { count = 1, timeoutMs = 5_000 } = options;
  if (!Number.isSafeInteger(count) || count < 1) throw new TypeError('count must be a whole number from 1 on');
  if (typeof timeoutMs !== 'number' || !(timeoutMs >= 0)) throw new TypeError('timeoutMs must be a number from 0 on');
  return { count, timeoutMs };
}
