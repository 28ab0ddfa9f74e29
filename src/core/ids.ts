import { v7 } from 'uuid';

/**
 * A new notification id: a UUIDv7 (RFC 9562 section 5.7), so ids made one after another in a process sort in that order.
 */
export function newNotificationId(): string {
  return v7();
}
