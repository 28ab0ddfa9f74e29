import { CRMNotificationError } from './errors.js';

/** What is wrong with an object that cannot be read. */
export const unreadable = 'cannot be read: reading one of its properties throws';

/**
 * Reads what a caller has given. Its getters and proxies may throw anything, also what holds personal data; `problem` makes the error
 * that is thrown instead. An error of this package's own is passed on.
 */
export function readingGiven<Result>(read: () => Result, problem: () => CRMNotificationError): Result {
  try {
    return read();
  } catch (error) {
    throw error instanceof CRMNotificationError ? error : problem();
  }
}
