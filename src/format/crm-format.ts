import type { Notification, NotificationDraft } from '../notification/notification.js';
import type { BuildContext, Format } from './format.js';
import { checkBodySize, mergeData } from './notification-data.js';
import { postHeaders, problemWith } from './post-headers.js';
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
  problemWith,
  requestFor: (post) => ({ path: '/notify', headers: postHeaders(post), body: post.body }),
  classify(reply, now, sent) {
    const meaning = meaningOfReply(reply, now);
    return sent.map(() => meaning);
  },
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
  checkBodySize(body, maxBodyBytes);
  return { id, type: draft.notificationType, lane: draft.lane, occurredAt, body, traceparent };
}
