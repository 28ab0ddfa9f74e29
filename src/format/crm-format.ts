import type { Notification, NotificationDraft } from '../notification/notification.js';
import type { BuildContext, Format, Reply, ReplyMeaning } from './format.js';
import { checkBodySize, mergeData } from './notification-data.js';
import { batchHeaders, postHeaders, problemWith } from './post-headers.js';
import { jsonOf, meaningOfReply } from './reply-rules.js';

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
  problemWith,
  requestFor: (post) => ({ path: '/notify', headers: postHeaders(post), body: post.body }),
  classify(reply, now, sent) {
    const results = sent.length > 1 ? resultsIn(reply) : undefined;
    if (results === undefined) {
      const meaning = meaningOfReply(reply, now);
      return sent.map(() => meaning);
    }
    return sent.map(({ id }) => {
      const result = results.get(id);
      // The others have theirs, so this one may not have been taken.
      if (result === undefined) return unclear;
      const { status, error } = result;
      const meaning = meaningOfReply({ status, headers: reply.headers, body: noBody }, now);
      return { ...meaning, detail: error, status, isOfItem: true };
    });
  },
  batch: {
    maxCount: 1_000,
    maxBytes: 1_000_000,
    mayShare: () => true,
    requestFor: (posts, key) => ({
      path: '/notify/batch',
      headers: batchHeaders(posts, key),
      body: joined(posts.map(({ body }) => body)),
    }),
  },
};

const [opening, comma, closing] = ['{"notifications":[', ',', ']}'].map((text) => Buffer.from(text)) as [
  Buffer,
  Buffer,
  Buffer,
];

/** The bodies as they are, between what makes them a list. */
function joined(bodies: readonly Uint8Array[]): Buffer {
  return Buffer.concat([opening, ...bodies.flatMap((body, index) => (index === 0 ? [body] : [comma, body])), closing]);
}

/** There is no result for it. */
const unclear: ReplyMeaning = { kind: 'retry', retryAfterMs: undefined };

/** Of one notification there is only its result. */
const noBody = Buffer.from('{}');

interface BatchResult {
  readonly status: number;
  readonly error?: string | undefined;
}

const noResults: ReadonlyMap<string, BatchResult> = new Map();

/**
 * The results by the ids of their notifications; undefined if the reply is about all of them alike. A reply that was not read to
 * its end may have had some.
 */
function resultsIn(reply: Reply): ReadonlyMap<string, BatchResult> | undefined {
  if (reply.status < 200 || reply.status > 299) return undefined;
  if (reply.cutBy !== undefined) return noResults;
  const value = jsonOf(reply)?.value;
  const { results } = (value ?? {}) as { readonly results?: unknown };
  if (!Array.isArray(results) || results.length === 0) return undefined;
  return new Map(results.flatMap(resultById));
}

/** Its id and what it says; nothing if it cannot be understood. */
function resultById(result: unknown): readonly (readonly [id: string, result: BatchResult])[] {
  if (typeof result !== 'object' || result === null) return [];
  const { notification_id: id, status, error } = result as Record<string, unknown>;
  if (typeof id !== 'string' || !Number.isInteger(status)) return [];
  const isStatus = (status as number) >= 100 && (status as number) <= 599;
  return isStatus ? [[id, { status: status as number, error: typeof error === 'string' ? error : undefined }]] : [];
}

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
  checkBodySize(body, maxBodyBytes);
  return { id, type: draft.notificationType, lane: draft.lane, occurredAt, body, traceparent };
}
