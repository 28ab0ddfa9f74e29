import type { StoredNotification } from './notification-store.js';

/** What the page shows of a notification that the CRM has taken. Nothing in it is personal. */
export interface Arrival {
  readonly id: string;
  /** Counts up in the order of arrival. */
  readonly sequence: number;
  readonly type: string;
  readonly lane: string;
  /** The session or the event that it is about; empty if unknown. */
  readonly about: string;
  readonly receivedAt: string;
  /** How many attempts failed before this one. */
  readonly retryCount: number;
}

export function arrivalOf(notification: StoredNotification): Arrival {
  const { notification_id, sequence, notification_type, received_at, retry_count, additional_data, event } =
    notification;
  const about = additional_data['session_name'] ?? event?.title;
  return {
    id: notification_id,
    sequence,
    type: notification_type,
    lane: laneOf(notification),
    about: typeof about === 'string' ? about : '',
    receivedAt: received_at,
    retryCount: retry_count,
  };
}

/** The lane in which it was delivered, by the rule of the package. */
function laneOf({ user_id, booking_id, additional_data }: StoredNotification): string {
  const bookingId = booking_id ?? idIn(additional_data['booking_id']);
  if (bookingId !== undefined) return `booking:${bookingId}`;
  const eventId = idIn(additional_data['event_id']);
  return eventId === undefined ? `user:${user_id}` : `event:${eventId}`;
}

function idIn(value: unknown): string | number | undefined {
  return typeof value === 'number' || typeof value === 'string' ? value : undefined;
}
