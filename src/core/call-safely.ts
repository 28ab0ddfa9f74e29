/**
 * Calls a function of the app's, such as a listener or a logger, whose failure is no reason for ours: one that throws,
 * or answers a promise of any make that rejects, is survived and told to `onFailure`.
 */
export function callSafely(call: () => unknown, onFailure: () => void): void {
  try {
    const answer = call();
    if (answer !== undefined) Promise.resolve(answer).catch(onFailure);
  } catch {
    onFailure();
  }
}

/** Whether a value is a promise of any make: query builders and other realms have their own. */
export function isPromiseLike<Value>(value: Value | PromiseLike<Value>): value is PromiseLike<Value> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}
