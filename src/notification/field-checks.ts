import { types } from 'node:util';
import type { Issue } from '../core/errors.js';
import { isPlainObject } from './plain-json.js';

const maxIdLength = 128;
const maxTypeLength = 64;
const maxLaneLength = 256;

/** Returns what is wrong with a value and how to fix it, without repeating the value; undefined if it is valid. */
type Check = (value: unknown) => string | undefined;

export const checkId: Check = (value) => {
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) && value > 0 ? undefined : 'must be a positive safe integer or a string';
  }
  if (typeof value === 'string') {
    return value.length > 0 && value.length <= maxIdLength
      ? undefined
      : `must have 1 to ${String(maxIdLength)} characters`;
  }
  if (typeof value === 'bigint') return 'is a BigInt; pass its text: String(id)';
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return 'is an object; pass its text, such as id.toString()';
  }
  return value === undefined ? 'is missing' : 'must be a positive safe integer or a string';
};

export const checkSessionId: Check = (value) => {
  if (value === null) return undefined;
  return value === undefined ? 'is missing; null says that the booking has none' : checkId(value);
};

/** Checks a word that becomes a notification's type after `prefix`, which counts towards the length. */
export const checkTypeWord =
  (prefix = ''): Check =>
  (value) => {
    const maxLength = maxTypeLength - prefix.length;
    if (value === undefined) return 'is missing';
    if (prefix !== '' && typeof value === 'string' && value.startsWith(prefix)) {
      return `is the whole type; leave out ${prefix}, which is put before it`;
    }
    return typeof value === 'string' && value.length <= maxLength && /^[a-z0-9_]+$/.test(value)
      ? undefined
      : `must be 1 to ${String(maxLength)} characters of a-z, 0-9 and _`;
  };

export const checkText: Check = (value) => {
  if (value === undefined) return 'is missing';
  return typeof value === 'string' && value.length > 0 ? undefined : 'must be a string that is not empty';
};

export const checkLane: Check = (value) =>
  value === undefined || (typeof value === 'string' && value.length > 0 && value.length <= maxLaneLength)
    ? undefined
    : `must be a string of 1 to ${String(maxLaneLength)} characters`;

export const checkTargets: Check = (value) => {
  if (value === undefined) return undefined;
  // Unlike `every`, this finds a hole, too.
  const areNames = Array.isArray(value) && value.findIndex((name) => typeof name !== 'string') === -1;
  return areNames && value.length > 0 ? undefined : 'must be a list of one or more names of targets';
};

export const checkData: Check = (value) =>
  value === undefined || isPlainObject(value) ? undefined : 'must be a plain object';

export const checkStartDate: Check = (value) => {
  if (value === undefined) return 'is missing';
  const isDate = types.isDate(value) && !Number.isNaN(value.getTime());
  return isDate || (typeof value === 'string' && value.length > 0)
    ? undefined
    : 'must be a valid date or a string that is not empty';
};

/** Runs each check on the value of its path. Returns the issues. */
export function collectIssues(
  values: Readonly<Record<string, unknown>>,
  checks: Readonly<Record<string, Check>>,
): Issue[] {
  const issues: Issue[] = [];
  for (const path of Object.keys(checks)) {
    const message = checks[path]?.(values[path]);
    if (message !== undefined) issues.push({ path, message });
  }
  return issues;
}
