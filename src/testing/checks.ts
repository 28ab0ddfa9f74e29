/** A time limit for a wait. */
export interface WaitLimit {
  /**
   * The longest wait, in milliseconds of real time, even if the notifier uses an owned clock. Raise it for a slow app.
   * @default 5_000
   */
  readonly timeoutMs?: number | undefined;
}

export interface WaitOptions extends WaitLimit {
  /**
   * How many must match before the wait ends.
   * @default 1
   */
  readonly count?: number | undefined;
}

/** Fills in the defaults. Throws a `TypeError` for a count or a time limit that makes no sense. */
export function checkWait({ count = 1, timeoutMs = 5_000 }: WaitOptions): {
  readonly count: number;
  readonly timeoutMs: number;
} {
  if (!Number.isSafeInteger(count) || count < 1) throw new TypeError('count must be a whole number from 1 on');
  if (typeof timeoutMs !== 'number' || !(timeoutMs >= 0)) throw new TypeError('timeoutMs must be a number from 0 on');
  return { count, timeoutMs };
}

/** Throws a `TypeError` unless the value is a plain object with only these keys, so that a typo is not ignored. */
export function checkKeys(value: unknown, known: readonly string[], what: string): asserts value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TypeError(`${what} must be an object with any of ${known.join(', ')}`);
  }
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined) throw new TypeError(`${what} has no key ${unknown}; its keys are ${known.join(', ')}`);
}

/** Turns what a function of the test threw into an `Error`. */
export function errorFrom(thrown: unknown): Error {
  return thrown instanceof Error
    ? thrown
    : new Error('a function of the test threw a value that is not an Error', { cause: thrown });
}
