import { CRMValidationError } from '../core/errors.js';
import type { JsonValue, Notification, NotificationDraft } from './notification.js';
import { copyPlainJson, PlainJsonProblem } from './plain-json.js';

/** What turns a draft into a notification: who it is, when it occurred, in which trace, and how large it may be. */
export interface EncodeContext {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly occurredAt: number;
  readonly traceparent?: string | undefined;
  readonly maxBodyBytes: number;
}

/**
 * The wire format: serialises a draft, once, into the exact text that every attempt will post.
 * Throws `CRMValidationError` when the data is not plain JSON or the body would be larger than `maxBodyBytes`.
 */
export function encodeNotification(draft: NotificationDraft, context: EncodeContext): Notification {
  const { id, occurredAt, traceparent, maxBodyBytes } = context;
  const body = JSON.stringify({
    notification_id: id,
    notification_type: draft.notificationType,
    user_id: draft.userId,
    message: draft.message,
    timestamp: new Date(occurredAt).toISOString(),
    ...draft.record,
    additional_data: mergeData(draft, maxBodyBytes),
  });
  const size = Buffer.byteLength(body);
  if (size > maxBodyBytes) {
    throw new CRMValidationError([
      {
        path: '',
        message: `the body has ${String(size)} bytes; maxBodyBytes allows ${String(maxBodyBytes)}. Send less, or raise maxBodyBytes`,
      },
    ]);
  }
  return { id, type: draft.notificationType, lane: draft.lane, occurredAt, body, traceparent };
}

/** Ours first, and never replaced by a key of the user's. */
function mergeData(draft: NotificationDraft, maxBodyBytes: number): JsonValue {
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
