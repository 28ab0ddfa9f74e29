import { types } from 'node:util';
import type { Issue } from '../core/errors.js';
import { isHexId, wireId } from './hex-id.js';
import type { JsonValue } from './notification.js';

// Deeper than any real data, and far from the depth at which JSON.stringify overflows the stack.
const maxDepth = 100;

/** Thrown by `copyPlainJson` at the first value that JSON cannot carry unchanged. */
export class PlainJsonProblem extends Error {
  readonly issue: Issue;

  constructor(path: string, message: string) {
    super(message);
    this.issue = { path, message };
  }
}

/**
 * Copies a value into plain JSON data, so that later changes to the original change nothing, and nothing is lost: what
 * `JSON.stringify` would drop, coerce or throw on is rejected with its path.
 *
 * `maxBytes` limits the work as well as the size: copying stops as soon as the copy is sure to be larger.
 * Copies have no prototype, so a key named `__proto__` is a key like any other.
 *
 * Throws `PlainJsonProblem`.
 */
export function copyPlainJson(value: unknown, path: string, maxBytes: number): JsonValue {
  let bytesLeft = maxBytes;

  const countBytes = (bytes: number): void => {
    bytesLeft -= bytes;
    if (bytesLeft < 0) throw new PlainJsonProblem(path, `is larger than maxBodyBytes (${String(maxBytes)}) allows`);
  };

  const copy = (from: unknown, at: string, depth: number): JsonValue => {
    switch (typeof from) {
      case 'string':
        countBytes(from.length + 2);
        return from;
      case 'boolean':
        countBytes(4);
        return from;
      case 'number':
        if (!Number.isFinite(from)) throw new PlainJsonProblem(at, 'is not a finite number');
        countBytes(1);
        return from;
      case 'object':
        if (from !== null) return copyObject(from, at, depth);
        countBytes(4);
        return null;
      case 'bigint':
        throw new PlainJsonProblem(at, 'is a BigInt; send it as a string');
      case 'undefined':
        throw new PlainJsonProblem(at, 'is undefined; use null or leave it out');
      default:
        throw new PlainJsonProblem(at, `is a ${typeof from}; send data only`);
    }
  };

  const copyObject = (from: object, at: string, depth: number): JsonValue => {
    if (depth >= maxDepth) throw new PlainJsonProblem(path, 'is nested too deeply, or refers to itself');
    countBytes(2);
    if (Array.isArray(from)) {
      const list: JsonValue[] = [];
      for (let index = 0; index < from.length; index += 1) {
        list.push(copy(from[index], `${at}[${String(index)}]`, depth + 1));
      }
      return list;
    }
    if (types.isDate(from)) return copyDate(from, at);
    if (isHexId(from)) return copy(wireId(from), at, depth + 1);
    if (!isPlainObject(from)) throw new PlainJsonProblem(at, `is ${nameOf(from)}; send plain objects and arrays`);
    const object = Object.create(null) as Record<string, JsonValue>;
    for (const key of Object.keys(from)) {
      const member: unknown = (from as Record<string, unknown>)[key];
      if (member === undefined) continue;
      countBytes(key.length + 4);
      object[key] = copy(member, `${at}${shownKey(key, depth)}`, depth + 1);
    }
    return object;
  };

  const copyDate = (date: Date, at: string): string => {
    const milliseconds = date.getTime();
    if (Number.isNaN(milliseconds)) throw new PlainJsonProblem(at, 'is an invalid date');
    countBytes(26);
    return new Date(milliseconds).toISOString();
  };

  try {
    return copy(value, path, 0);
  } catch (error) {
    if (error instanceof PlainJsonProblem) throw error;
    // A getter threw, or a proxy was revoked: the message may contain anything, so it is not passed on.
    throw new PlainJsonProblem(path, 'cannot be read: reading one of its properties throws');
  }
}

/** Whether it is an object like those of object literals, from this realm or another. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/**
 * A key as a part of a path, which errors and log lines contain. The app's own field names are at the top; deeper down a key
 * may be data, such as a guest's name or address, so there it is shown only if it looks like a field and has no digits.
 */
function shownKey(key: string, depth: number): string {
  const isField = depth === 0 ? /^[A-Za-z_][A-Za-z0-9_]{0,63}$/ : /^[a-z][A-Za-z_]{0,31}$/;
  return isField.test(key) ? `.${key}` : '[key]';
}

function nameOf(value: object): string {
  const name: unknown = (value as { constructor?: { name?: unknown } }).constructor?.name;
  return typeof name === 'string' && /^\w{1,64}$/.test(name) ? `an instance of ${name}` : 'an instance of a class';
}
