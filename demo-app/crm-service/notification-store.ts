import type { WireBookingRecord, WireNotification } from 'express-crm-notifier/receiver';
import { openDatabase } from '../runtime/database.js';
import type { ListQuery } from './list-query.js';

type Notification = WireNotification & WireBookingRecord;

/** A notification as the CRM lists it, and how it arrived. */
export interface StoredNotification extends WireNotification, WireBookingRecord {
  /** Counts up in the order of arrival. */
  readonly sequence: number;
  readonly received_at: string;
  /** How many attempts failed before this one. */
  readonly retry_count: number;
}

/** The newest change of a booking that the CRM has. */
export interface BookingChange {
  readonly bookingId: number;
  /** An ISO 8601 instant. */
  readonly changedAt: string;
}

export interface NotificationStore {
  /** Whether there is a notification with this id. */
  has(notificationId: string): boolean;
  /** Stores a notification, unless there is one with the same id. */
  add(notification: Notification, retryCount: number): void;
  /** Newest first. */
  list(query: ListQuery): StoredNotification[];
  /** The number of notifications. */
  count(): number;
  /** When each of these bookings last changed, by its newest notification. Those without one are left out. */
  lastChanges(bookingIds: readonly number[]): BookingChange[];
  close(): void;
}

/** `content` has the whole notification; the other columns are for searching. Ids are text, so 7 and "7" are the same. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS notifications (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    notification_id TEXT NOT NULL UNIQUE,
    received_at TEXT NOT NULL,
    retry_count INTEGER NOT NULL,
    type TEXT,
    user_id TEXT,
    booking_id TEXT,
    event_id TEXT,
    content TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS notifications_by_booking ON notifications (booking_id);
`;

interface Row {
  readonly sequence: number;
  readonly notification_id: string;
  readonly received_at: string;
  readonly retry_count: number;
  readonly content: string;
}

export function openNotificationStore(file: string): NotificationStore {
  const database = openDatabase(file, SCHEMA);
  const insert = database.prepare(`
    INSERT INTO notifications (notification_id, received_at, retry_count, type, user_id, booking_id, event_id, content)
    VALUES (:notificationId, :receivedAt, :retryCount, :type, :userId, :bookingId, :eventId, :content)
    ON CONFLICT (notification_id) DO NOTHING
  `);
  const select = database.prepare(`
    SELECT sequence, notification_id, received_at, retry_count, content FROM notifications
    WHERE (:type IS NULL OR type = :type)
      AND (:userId IS NULL OR user_id = :userId)
      AND (:bookingId IS NULL OR booking_id = :bookingId)
      AND (:eventId IS NULL OR event_id = :eventId)
      AND (:since IS NULL OR received_at >= :since)
      AND (:before IS NULL OR sequence < :before)
    ORDER BY sequence DESC LIMIT :limit
  `);

  const find = database.prepare('SELECT 1 FROM notifications WHERE notification_id = ?');
  const selectCount = database.prepare('SELECT count(*) AS count FROM notifications');
  const selectLastChanges = database.prepare(`
    SELECT CAST(booking_id AS INTEGER) AS bookingId, max(content ->> '$.timestamp') AS changedAt FROM notifications
    WHERE booking_id IN (SELECT CAST(value AS TEXT) FROM json_each(?)) GROUP BY booking_id
  `);

  return {
    has: (notificationId) => find.get(notificationId) !== undefined,

    add(notification, retryCount) {
      const { notification_id: notificationId, ...content } = notification;
      insert.run({
        notificationId,
        receivedAt: new Date().toISOString(),
        retryCount,
        type: content.notification_type,
        userId: String(content.user_id),
        bookingId: textOf(content.additional_data['booking_id']),
        eventId: textOf(content.event?.id ?? content.additional_data['event_id']),
        content: JSON.stringify(content),
      });
    },

    list({ type, user_id, booking_id, event_id, since, before, limit }) {
      const rows = select.all({
        type: type ?? null,
        userId: user_id ?? null,
        bookingId: booking_id ?? null,
        eventId: event_id ?? null,
        since: since ?? null,
        before: before ?? null,
        limit,
      }) as Row[];
      return rows.map(storedNotification);
    },

    lastChanges: (bookingIds) => selectLastChanges.all(JSON.stringify(bookingIds)) as BookingChange[],

    count: () => (selectCount.get() as { count: number }).count,

    close() {
      database.close();
    },
  };
}

function textOf(id: unknown): string | null {
  return typeof id === 'number' || typeof id === 'string' ? String(id) : null;
}

function storedNotification({ content, ...arrival }: Row): StoredNotification {
  return { ...arrival, ...(JSON.parse(content) as Omit<Notification, 'notification_id'>) };
}
