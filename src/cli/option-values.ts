import { InvalidArgumentError } from 'commander';
import { parseBaseUrl } from '../client/base-url.js';

// What commander makes of a thrown InvalidArgumentError: "option '--limit <count>' argument '0' is invalid.", and this.

/** A whole number from `least` on. */
export function wholeNumberFrom(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d{1,16}$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Give a whole number from ${String(least)} to ${String(most)}.`);
  };
}

/** A base URL of the CRM, as the library takes it. */
export function baseUrl(text: string): string {
  const parsed = parseBaseUrl(text);
  if ('problem' in parsed) throw new InvalidArgumentError(`It ${parsed.problem}.`);
  return text;
}

/** The longest that can be waited for with one timer. */
export const longestMs = 2 ** 31 - 1;

/** A time in milliseconds. */
export const milliseconds = wholeNumberFrom(1, longestMs);
