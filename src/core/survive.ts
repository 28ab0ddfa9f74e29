/**
 * Calls a function of the app's, such as a listener or a logger, whose failure is no reason for ours: one that throws,
 * or answers a promise of any make that rejects, is survived and told to `onFailure`.
 */
export function survive(call: () => unknown, onFailure: () => void): void {
  try {
    const answer = call();
    if (answer !== undefined) Promise.resolve(answer).catch(onFailure);
  } catch {
    onFailure();
  }
}
