/**
 * Calls a function of the app, such as a listener or a logger, whose failure must not become ours: if it throws, or returns a
 * promise of any kind that rejects, `onFailure` is called.
 */
export function callSafely(call: () => unknown, onFailure: () => void): void {
  try {
    const result = call();
    if (result !== undefined) Promise.resolve(result).catch(onFailure);
  } catch {
    onFailure();
  }
}

/**
 * Returns a value of the app where no promise is expected. If it is one all the same, nobody will wait for it, and a rejection
 * must not end the process.
 */
export function notAwaited<Value>(value: Value): Value {
  if (isPromiseLike(value)) Promise.resolve(value).catch(() => undefined);
  return value;
}

/** Whether a value is a promise of any kind: query builders and other realms have their own. */
export function isPromiseLike<Value>(value: Value | PromiseLike<Value>): value is PromiseLike<Value> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}
