import type { PoolClient } from 'pg';
import type { Awaitable } from '../runtime/awaitable.js';
import { inTransaction } from '../runtime/database.js';
import type { Database } from '../runtime/database.js';

export interface Booking {
  readonly id: number;
  readonly status: 'active' | 'cancelled';
  readonly user_id: number;
  readonly session_id: number;
  readonly session_name: string;
  readonly user: { readonly id: number; readonly name: string; readonly email: string };
  readonly event: { readonly id: number; readonly title: string; readonly start_date: string };
  readonly facilitator_id: number;
  readonly created_at: string;
  readonly updated_at: string;
}

export type BookingRefusal =
  'unknown-session' | 'unknown-booking' | 'session-full' | 'already-booked' | 'already-cancelled' | 'already-active';

export type BookingResult =
  { readonly ok: true; readonly booking: Booking } | { readonly ok: false; readonly refusal: BookingRefusal };

/** Every change is one transaction, so that what it checks is still true when it writes. */
export interface BookingStore {
  /** The user's own bookings, newest first. */
  list(userId: number): Awaitable<Booking[]>;
  book(userId: number, sessionId: number, notify: NotifyInTransaction): Awaitable<BookingResult>;
  cancel(userId: number, bookingId: number, notify: NotifyInTransaction): Awaitable<BookingResult>;
  reactivate(userId: number, bookingId: number, notify: NotifyInTransaction): Awaitable<BookingResult>;
}

/**
 * Notifies the CRM of the changed booking. A store in PostgreSQL calls it in the transaction of the change, which is rolled
 * back if it rejects. One in SQLite does not call it: the outbox is another file, and the route's hook notifies.
 */
export type NotifyInTransaction = (booking: Booking, transaction: PoolClient) => Promise<unknown>;

export const SELECT_BOOKING = `
  SELECT bookings.id, status, user_id, session_id, sessions.name AS session_name,
    users.name AS user_name, users.email AS user_email,
    event_id, title AS event_title, start_date AS event_start_date, facilitator_id, created_at, updated_at
  FROM bookings
  JOIN users ON users.id = user_id
  JOIN sessions ON sessions.id = session_id
  JOIN events ON events.id = event_id
`;

/** A row of `SELECT_BOOKING`. */
export interface BookingRow extends Omit<Booking, 'user' | 'event'> {
  readonly user_name: string;
  readonly user_email: string;
  readonly event_id: number;
  readonly event_title: string;
  readonly event_start_date: string;
}

export function createBookingStore(database: Database): BookingStore {
  const selectOwn = database.prepare(`${SELECT_BOOKING} WHERE user_id = ? ORDER BY bookings.id DESC`);
  const selectOne = database.prepare(`${SELECT_BOOKING} WHERE user_id = :userId AND bookings.id = :bookingId`);
  const selectSession = database.prepare(`
    SELECT
      count(bookings.id) >= capacity AS is_full,
      count(bookings.id) FILTER (WHERE user_id = :userId) > 0 AS is_booked
    FROM sessions LEFT JOIN bookings ON session_id = sessions.id AND status = 'active'
    WHERE sessions.id = :sessionId GROUP BY sessions.id
  `);
  const insert = database.prepare(`
    INSERT INTO bookings (user_id, session_id, status, created_at, updated_at)
    VALUES (:userId, :sessionId, 'active', :now, :now)
  `);
  const updateStatus = database.prepare('UPDATE bookings SET status = :status, updated_at = :now WHERE id = :id');

  function find(userId: number, bookingId: number): Booking | undefined {
    const row = selectOne.get({ userId, bookingId }) as BookingRow | undefined;
    return row && bookingOf(row);
  }

  /** Why the user cannot book the session; undefined if they can. */
  function obstacle(userId: number, sessionId: number): BookingRefusal | undefined {
    const session = selectSession.get({ userId, sessionId }) as { is_full: number; is_booked: number } | undefined;
    if (!session) return 'unknown-session';
    if (session.is_booked) return 'already-booked';
    return session.is_full ? 'session-full' : undefined;
  }

  function withStatus(booking: Booking, status: Booking['status']): BookingResult {
    const now = new Date().toISOString();
    updateStatus.run({ id: booking.id, status, now });
    return { ok: true, booking: { ...booking, status, updated_at: now } };
  }

  return {
    list: (userId) => (selectOwn.all(userId) as BookingRow[]).map(bookingOf),

    book(userId, sessionId) {
      return inTransaction(database, () => {
        const refusal = obstacle(userId, sessionId);
        if (refusal) return { ok: false, refusal };
        const { lastInsertRowid } = insert.run({ userId, sessionId, now: new Date().toISOString() });
        const row = selectOne.get({ userId, bookingId: lastInsertRowid }) as BookingRow;
        return { ok: true, booking: bookingOf(row) };
      });
    },

    cancel(userId, bookingId) {
      return inTransaction(database, () => {
        const booking = find(userId, bookingId);
        if (!booking) return { ok: false, refusal: 'unknown-booking' };
        if (booking.status === 'cancelled') return { ok: false, refusal: 'already-cancelled' };
        return withStatus(booking, 'cancelled');
      });
    },

    reactivate(userId, bookingId) {
      return inTransaction(database, () => {
        const booking = find(userId, bookingId);
        if (!booking) return { ok: false, refusal: 'unknown-booking' };
        if (booking.status === 'active') return { ok: false, refusal: 'already-active' };
        const refusal = obstacle(userId, booking.session_id);
        return refusal ? { ok: false, refusal } : withStatus(booking, 'active');
      });
    },
  };
}

export function bookingOf({
  user_name,
  user_email,
  event_id,
  event_title,
  event_start_date,
  ...row
}: BookingRow): Booking {
  return {
    ...row,
    user: { id: row.user_id, name: user_name, email: user_email },
    event: { id: event_id, title: event_title, start_date: event_start_date },
  };
}
