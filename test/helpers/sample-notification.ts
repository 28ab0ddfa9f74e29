import { newNotificationId } from '../../src/core/ids.js';
import type { AcceptedNotification } from '../../src/outbox/outbox.js';

/** Lately: by a date that is written down, what is kept would be too old some day. */
export const sampleAt = Date.now() - 60_000;

/** A notification as an outbox is handed it, with what a test cares about put in. */
export function sampleNotification(given: Partial<AcceptedNotification> = {}): AcceptedNotification {
  const id = given.id ?? newNotificationId();
  return {
    id,
    type: 'booking_created',
    lane: 'booking:456',
    occurredAt: sampleAt,
    body: Buffer.from(JSON.stringify({ notification_id: id })),
    traceparent: undefined,
    ...given,
  };
}

export function sampleNotifications(count: number, given: Partial<AcceptedNotification> = {}): AcceptedNotification[] {
  return Array.from({ length: count }, () => sampleNotification(given));
}
