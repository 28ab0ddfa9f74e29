import type { AcceptedNotification, PendingNotification } from './outbox.js';

/** A notification before its first attempt. Made for every one, so in one literal. */
export function firstPending(
  { target, id, type, lane, occurredAt, traceparent }: AcceptedNotification,
  { body, position, acceptedAt }: Pick<PendingNotification, 'body' | 'position' | 'acceptedAt'>,
): PendingNotification {
  return { target, position, id, type, lane, occurredAt, acceptedAt, attempts: 0, nextAttemptAt: 0, traceparent, body };
}
