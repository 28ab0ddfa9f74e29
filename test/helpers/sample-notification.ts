import { newNotificationId } from '../../src/core/ids.js';
import type { AcceptedNotification } from '../../src/outbox/outbox.js';

/** When an owned clock begins, too. A notifier on the computer's clock takes it for old, so let it keep what is old. */
export const sampleAt = Date.parse('2026-11-24T01:02:03.004Z');

/** A notification as an outbox is handed it, with what a test cares about put in. */
export function sampleNotification(given: Partial<AcceptedNotification> = {}): AcceptedNotification {
  const id = given.id ?? newNotificationId();
  return {
    target: 'crm',
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
