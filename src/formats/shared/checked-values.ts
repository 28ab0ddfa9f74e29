import { CRMValidationError } from '../../core/errors.js';
import type { NotificationFacts } from '../../format/format-definition.js';
import type { JsonValue } from '../../notification/notification.js';
import { copyPlainJson, isPlainObject, PlainJsonProblem } from '../../notification/plain-json.js';

/**
 * What formats take from a notification and from the functions among their options. Each throws `CRMValidationError` with the
 * path of what cannot be sent, and never repeats the value.
 */

/** More than any of these vendors takes; it ends the copying of data that refers to itself. */
const maxDataBytes = 1024 * 1024;

/** The id, if nothing that separates ids, signatures or headers is in it. Ours are UUIDs; a stored one may have been edited. */
export function checkedId({ id }: NotificationFacts): string {
  if (typeof id === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(id)) return id;
  throw invalid('id', 'must be 1 to 64 characters of a-z, A-Z, 0-9, _ and -');
}

/** A text that an option returned, or a part of the notification. */
export function checkedText(value: unknown, path: string, maxLength = 1024): string {
  if (typeof value === 'string' && value.trim() !== '' && value.length <= maxLength) return value;
  throw invalid(path, `must be a text of 1 to ${String(maxLength)} characters`);
}

/** A user's id as text, which is what vendors take; ids may be numbers. */
export function checkedUserId(value: unknown, path = 'userId', maxLength = 1024): string {
  const isId = typeof value === 'number' ? Number.isSafeInteger(value) && value > 0 : typeof value === 'string';
  if (!isId) throw invalid(path, 'is missing, or neither a text nor a positive whole number');
  return checkedText(String(value), path, maxLength);
}

/** Data that an option returned, copied into plain JSON. */
export function checkedData(value: unknown, path: string): Readonly<Record<string, JsonValue>> {
  if (!isPlainObject(value)) throw invalid(path, 'must be a plain object: return one, and no promise of one');
  try {
    return copyPlainJson(value, path, maxDataBytes) as Readonly<Record<string, JsonValue>>;
  } catch (error) {
    if (error instanceof PlainJsonProblem) throw new CRMValidationError([error.issue]);
    throw error;
  }
}

/** A body that the vendor's limit allows. */
export function checkedBody(body: string, maxBytes: number, vendor: string): string {
  const size = Buffer.byteLength(body);
  if (size <= maxBytes) return body;
  const message = `the body has ${String(size)} bytes; ${vendor} takes ${String(maxBytes)} for one event. Send less`;
  throw invalid('', message);
}

/** The error for one thing that cannot be sent. */
export function invalid(path: string, message: string): CRMValidationError {
  return new CRMValidationError([{ path, message }]);
}
