import type { Booking } from '../booking-app/booking-store.js';
import type { DemoState } from '../booking-app/demo-page/demo-state.js';
import type { CrmInbox } from '../crm-service/create-crm-control.js';
import type { StoredNotification } from '../crm-service/notification-store.js';
import type { AppOverview } from '../supervisor/shared-state.js';

/** What the page shows, of one app or of several that share an outbox. */
export interface PageState extends Omit<DemoState, 'app'> {
  readonly apps: readonly AppOverview[];
  readonly isShared: boolean;
}

/** A process of an app that delivers. */
export interface AppProcess {
  /** The number of its app. */
  readonly number: number;
  readonly pid: number;
  /** Since when it delivers, in milliseconds since 1970. */
  readonly sinceAt: number;
}

/** What the page knows: the last state and inbox it received, and whether the app and the CRM respond now. */
export interface View {
  readonly state: PageState;
  /** The process that delivers now. */
  readonly leader: AppProcess | undefined;
  readonly inbox: CrmInbox | undefined;
  readonly isAppThere: boolean;
  readonly isCrmProcessThere: boolean;
}

export function leaderOf({ apps }: PageState): AppProcess | undefined {
  for (const { number, process, leadsSince } of apps) {
    if (process && leadsSince !== undefined) return { number, pid: process.pid, sinceAt: leadsSince };
  }
  return undefined;
}

/** Whether the booking's last change has reached the CRM. A hook runs after the change, so its timestamp is not older. */
export function hasArrived(inbox: CrmInbox, { id, updated_at }: Pick<Booking, 'id' | 'updated_at'>): boolean {
  return inbox.notifications.some(
    (notification) => bookingIdOf(notification) === id && notification.timestamp >= updated_at,
  );
}

/** The notification's lane. */
export function laneOf(notification: StoredNotification): string {
  const bookingId = bookingIdOf(notification);
  if (bookingId !== undefined) return `booking:${bookingId}`;
  const eventId = idIn(notification.additional_data['event_id']);
  return eventId === undefined ? `user:${notification.user_id}` : `event:${eventId}`;
}

function bookingIdOf({ booking_id, additional_data }: StoredNotification): string | number | undefined {
  return booking_id ?? idIn(additional_data['booking_id']);
}

function idIn(value: unknown): string | number | undefined {
  return typeof value === 'number' || typeof value === 'string' ? value : undefined;
}
