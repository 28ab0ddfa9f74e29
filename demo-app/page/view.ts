import type { Booking } from '../booking-app/booking-store.js';
import type { DemoState } from '../booking-app/demo-page/demo-state.js';
import type { CrmInbox } from '../crm-service/create-crm-control.js';
import type { StoredNotification } from '../crm-service/notification-store.js';

/** What the page knows: the last that it was told, and whether it is told anything just now. */
export interface View {
  readonly state: DemoState;
  readonly inbox: CrmInbox | undefined;
  readonly isAppThere: boolean;
  readonly isCrmProcessThere: boolean;
}

/** Whether the CRM has heard of the booking's last change. A hook tells after the change, so never with an older instant. */
export function hasArrived(inbox: CrmInbox, { id, updated_at }: Pick<Booking, 'id' | 'updated_at'>): boolean {
  return inbox.notifications.some(
    (notification) => bookingIdOf(notification) === id && (notification.timestamp ?? '') >= updated_at,
  );
}

/** The lane that the notification came by. */
export function laneOf(notification: StoredNotification): string {
  const bookingId = bookingIdOf(notification);
  if (bookingId !== undefined) return `booking:${bookingId}`;
  const eventId = idIn(notification.additional_data['event_id']);
  return eventId === undefined ? `user:${notification.user_id ?? '?'}` : `event:${eventId}`;
}

function bookingIdOf({ booking_id, additional_data }: StoredNotification): string | number | undefined {
  return booking_id ?? idIn(additional_data['booking_id']);
}

function idIn(value: unknown): string | number | undefined {
  return typeof value === 'number' || typeof value === 'string' ? value : undefined;
}
