import { CRMValidationError } from '../core/errors.js';
import type { DeadFilter } from '../outbox/outbox.js';

/** What callers without types may pass. Each throws `CRMValidationError`, which names the call: the same for every outbox. */

/** An instant from which on something is counted: milliseconds since 1970, which stores take as whole numbers. */
export function checkFrom(call: string, from: unknown): number {
  if (typeof from === 'number' && from >= 0 && from <= Number.MAX_SAFE_INTEGER) return Math.floor(from);
  throw invalid(call, 'from', 'must be an instant in milliseconds since 1970, such as Date.now() - 3_600_000');
}

/** The id of a notification, whether there is one or not. */
export function checkId(call: string, id: unknown): string {
  if (typeof id === 'string') return id;
  throw invalid(call, 'id', 'must be the id of a notification, a text');
}

/** An object of options or filters. If `names` are given it has no others: one that is mistyped would do more than is meant. */
export function checkObject<Given extends object>(call: string, given: Given, names?: readonly (keyof Given)[]): Given {
  const value: unknown = given;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(call, '', 'takes an object, or nothing');
  }
  const unknown = Object.keys(given).find((name) => names?.some((known) => known === name) === false);
  if (unknown === undefined) return given;
  throw invalid(call, '', `has an option that it does not know; there are ${names?.join(' and ') ?? ''}`);
}

const maxIds = 1_000;

/** A filter with no more ids than one call takes, so that a statement stays small. */
export function checkIds<Filter extends DeadFilter>(call: string, given: Filter): Filter {
  const filter = checkObject(call, given);
  const count = filter.ids?.length ?? 0;
  if (count <= maxIds) return filter;
  throw invalid(call, 'ids', `has ${String(count)} ids, and may have ${String(maxIds)}; call again for the others`);
}

/** How many a list has, for any number that is given. */
export function clampLimit(limit: number): number {
  return Number.isFinite(limit) ? Math.min(Math.max(Math.trunc(limit), 1), 1000) : 100;
}

function invalid(call: string, path: string, message: string): CRMValidationError {
  return new CRMValidationError([{ path, message }], { hook: `${call}()` });
}
