import { CRMValidationError } from '../core/errors.js';
import type { JsonValue, NotificationDraft } from '../notification/notification.js';
import { copyPlainJson, PlainJsonProblem } from '../notification/plain-json.js';

/**
 * The data of a notification, as `additional_data`: our own keys come first, and the user's keys never replace them. Throws
 * `CRMValidationError` when it is not plain JSON, or larger than a body may be.
 */
export function mergeData(draft: NotificationDraft, maxBodyBytes: number): Readonly<Record<string, JsonValue>> {
  if (draft.additionalData === undefined) return draft.ownData;
  const data = Object.create(null) as Record<string, JsonValue>;
  Object.assign(data, draft.ownData);
  const copy = copyOrReject(draft.additionalData, maxBodyBytes);
  for (const [key, value] of Object.entries(copy)) {
    if (!Object.hasOwn(draft.ownData, key)) data[key] = value;
  }
  return data;
}

function copyOrReject(data: unknown, maxBodyBytes: number): Readonly<Record<string, JsonValue>> {
  try {
    return copyPlainJson(data, 'additionalData', maxBodyBytes) as Readonly<Record<string, JsonValue>>;
  } catch (error) {
    if (error instanceof PlainJsonProblem) throw new CRMValidationError([error.issue]);
    throw error;
  }
}

/** Throws `CRMValidationError` when a body is larger than the option `maxBodyBytes` allows. */
export function checkBodySize(body: string, maxBodyBytes: number): void {
  const size = Buffer.byteLength(body);
  if (size <= maxBodyBytes) return;
  const sizes = `the body has ${String(size)} bytes; maxBodyBytes allows ${String(maxBodyBytes)}`;
  throw new CRMValidationError([{ path: '', message: `${sizes}. Send less, or raise maxBodyBytes` }]);
}
