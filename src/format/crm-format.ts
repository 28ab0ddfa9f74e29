import { CRMValidationError } from '../core/errors.js';
import type { JsonValue, Notification, NotificationDraft } from '../notification/notification.js';
import { copyPlainJson, PlainJsonProblem } from '../notification/plain-json.js';
import type { BuildContext, Format, Post } from './format.js';
import { meaningOfReply } from './reply-rules.js';

/** The wire format of docs/wire-format.md: a JSON object posted to `/notify`. */
export const crmFormat: Format = {
  notifyPath: '/notify',
  healthPath: '/health',
  harmlessKeys: new Set([
    'notification_id',
    'notification_type',
    'user_id',
    'booking_id',
    'session_id',
    'event_id',
    'facilitator_id',
    'id',
    'action',
    'timestamp',
    'start_date',
    'status',
    'success',
    'ok',
    'duplicate',
    'code',
  ]),
  build: buildNotification,
  problemWith: ({ id }) => (isHeaderValue(id) ? undefined : 'its stored id has been changed and cannot be sent'),
  headersOf,
  classify: meaningOfReply,
};

function buildNotification(draft: NotificationDraft, context: BuildContext): Notification {
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

/** Our own keys come first, and the user's keys never replace them. */
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

/** `Idempotency-Key` is sent without quotes, as most receivers expect. */
function headersOf({ id, traceparent, attempt }: Post): readonly string[] {
  const headers = ['content-type', 'application/json', 'idempotency-key', id];
  if (traceparent !== undefined && isHeaderValue(traceparent)) headers.push('traceparent', traceparent);
  if (attempt > 1) headers.push('x-retry-count', String(attempt - 1));
  return headers;
}

/**
 * Whether a text can be sent as a header's value: visible ASCII, and no longer than servers accept. Our own ids are; a stored one
 * may have been edited, and a line break in it would start another header.
 */
function isHeaderValue(text: string): boolean {
  return /^[\x21-\x7e]{1,256}$/.test(text);
}
