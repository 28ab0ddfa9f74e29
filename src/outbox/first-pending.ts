import type { AcceptedNotification, PendingNotification } from './outbox.js';

/** A notification as it is pending from now on, before its first attempt. It is made for every one, so in one literal. */
export function firstPending(
  { id, type, lane, occurredAt, traceparent }: AcceptedNotification,
  { body, position, acceptedAt }: Pick<PendingNotification, 'body' | 'position' | 'acceptedAt'>,
): PendingNotification {
  return { position, id, type, lane, occurredAt, acceptedAt, attempts: 0, nextAttemptAt: 0, traceparent, body };
}
