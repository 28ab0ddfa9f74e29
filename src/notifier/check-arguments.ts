import { CRMValidationError } from '../core/errors.js';
import { readingGiven, unreadable } from '../core/reading-given.js';

/** What callers without types may pass. Each throws `CRMValidationError`, which names the call: the same for every outbox. */

/** An instant from which on something is counted: milliseconds since 1970, which stores take as whole numbers. */
export function checkFrom(call: string, from: unknown): number {
  if (typeof from === 'number' && from >= 0 && from <= Number.MAX_SAFE_INTEGER) return Math.floor(from);
  throw invalidArgument(call, 'from', 'must be an instant in milliseconds since 1970, such as Date.now() - 3_600_000');
}

/** The id of a notification, whether there is one or not. */
export function checkId(call: string, id: unknown): string {
  if (typeof id === 'string') return id;
  throw invalidArgument(call, 'id', 'must be the id of a notification, a text');
}

/** The name of a target, or nothing for all of them. */
export function checkTarget(call: string, target: unknown): string | undefined {
  if (target === undefined || typeof target === 'string') return target;
  throw invalidArgument(call, 'target', 'must be the name of a target, a text; leave it out for all of them');
}

/**
 * An object of options or filters with no other names: one that is mistyped would do more than is meant. Returns a copy, so that
 * nothing that is the caller's is read again.
 */
export function checkObject<Given extends object>(call: string, given: Given, names: readonly (keyof Given)[]): Given {
  const value: unknown = given;
  const read = (): Given => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw invalidArgument(call, '', 'takes an object, or nothing');
    }
    const unknown = Object.keys(value).find((name) => !names.some((known) => known === name));
    if (unknown !== undefined) {
      throw invalidArgument(call, '', `has an option that it does not know; there are ${names.join(', ')}`);
    }
    // By name: what an object of a class inherits counts as well.
    return Object.fromEntries(names.filter((name) => name in given).map((name) => [name, given[name]])) as Given;
  };
  return readingGiven(read, () => invalidArgument(call, '', unreadable));
}

/** How many a list has, for any number that is given. */
export function clampLimit(limit: number): number {
  return Number.isFinite(limit) ? Math.min(Math.max(Math.trunc(limit), 1), 1000) : 100;
}

/** What such a call throws. */
export function invalidArgument(call: string, path: string, message: string): CRMValidationError {
  return new CRMValidationError([{ path, message }], { hook: `${call}()` });
}
