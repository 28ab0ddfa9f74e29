import type { Notification, NotificationDraft } from '../notification/notification.js';
import type { BuildContext, Format, Reply, SentPost } from './format.js';
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
    const results = sent.length > 1 ? resultsIn(reply, sent) : undefined;
    if (results === undefined) {
      const meaning = meaningOfReply(reply, now);
      return sent.map(() => meaning);
    }
    return results.map(({ status, error }) => {
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

/** Of one notification there is only its result. */
const noBody = Buffer.from('{}');

interface BatchResult {
  readonly status: number;
  readonly error?: string | undefined;
}

/** The result of each notification, in their order; undefined if the reply does not have one for each. */
function resultsIn(reply: Reply, sent: readonly SentPost[]): readonly BatchResult[] | undefined {
  if (reply.status < 200 || reply.status > 299) return undefined;
  const { results } = (jsonOf(reply)?.value ?? {}) as { readonly results?: unknown };
  if (!Array.isArray(results) || results.length !== sent.length) return undefined;
  const areRight = results.every((result: unknown, index) => isResultOf(sent[index]?.id, result));
  return areRight ? (results as readonly BatchResult[]) : undefined;
}

function isResultOf(id: string | undefined, result: unknown): boolean {
  if (typeof result !== 'object' || result === null) return false;
  const { notification_id: resultId, status, error } = result as Record<string, unknown>;
  const isText = error === undefined || typeof error === 'string';
  return (
    resultId === id && Number.isInteger(status) && (status as number) >= 100 && (status as number) <= 599 && isText
  );
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
