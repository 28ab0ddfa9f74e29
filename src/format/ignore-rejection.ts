import { types } from 'node:util';

/**
 * A function of a format must not be asynchronous, but may be by mistake. Its promise is not waited for, and its rejection must not
 * end the process.
 */
export function ignoreRejection(returned: unknown): void {
  // Not `instanceof`: it may be of another realm.
  if (types.isPromise(returned)) returned.catch(() => undefined);
}
