import type { PoolClient } from 'pg';
import { bookingOf, SELECT_BOOKING } from '../booking-store.js';
import type {
  Booking,
  BookingRefusal,
  BookingResult,
  BookingRow,
  BookingStore,
  NotifyInTransaction,
} from '../booking-store.js';
import { rowOf, rowsOf, writtenRowOf } from './postgres-database.js';
import type { PostgresDatabase } from './postgres-database.js';

/** Each change and its notification are one transaction: the CRM hears of a booking if that commits, and only then. */
export function createPostgresBookingStore(database: PostgresDatabase): BookingStore {
  return {
    async list(userId) {
      const rows = await rowsOf<BookingRow>(
        database,
        `${SELECT_BOOKING} WHERE user_id = $1 ORDER BY bookings.id DESC`,
        [userId],
      );
      return rows.map(bookingOf);
    },

    book(userId, sessionId, notify) {
      return database.inTransaction(async (transaction) => {
        const refusal = await obstacle(transaction, userId, sessionId);
        if (refusal) return { ok: false, refusal };
        const { id } = await writtenRowOf<{ id: number }>(
          transaction,
          `INSERT INTO bookings (user_id, session_id, status, created_at, updated_at) VALUES ($1, $2, 'active', $3, $3)
           RETURNING id`,
          [userId, sessionId, new Date().toISOString()],
        );
        const booking = await lockOwn(transaction, userId, id);
        return booking ? notified(booking, transaction, notify) : { ok: false, refusal: 'unknown-booking' };
      });
    },

    cancel(userId, bookingId, notify) {
      return database.inTransaction(async (transaction) => {
        const booking = await lockOwn(transaction, userId, bookingId);
        if (!booking) return { ok: false, refusal: 'unknown-booking' };
        if (booking.status === 'cancelled') return { ok: false, refusal: 'already-cancelled' };
        return notified(await withStatus(transaction, booking, 'cancelled'), transaction, notify);
      });
    },

    reactivate(userId, bookingId, notify) {
      return database.inTransaction(async (transaction) => {
        const booking = await lockOwn(transaction, userId, bookingId);
        if (!booking) return { ok: false, refusal: 'unknown-booking' };
        if (booking.status === 'active') return { ok: false, refusal: 'already-active' };
        const refusal = await obstacle(transaction, userId, booking.session_id);
        if (refusal) return { ok: false, refusal };
        return notified(await withStatus(transaction, booking, 'active'), transaction, notify);
      });
    },
  };
}

async function notified(
  booking: Booking,
  transaction: PoolClient,
  notify: NotifyInTransaction,
): Promise<BookingResult> {
  await notify(booking, transaction);
  return { ok: true, booking };
}

/**
 * Locks the booking first: another app that changes it waits here, and so the CRM hears of the two changes in the order in
 * which they were made.
 */
async function lockOwn(transaction: PoolClient, userId: number, bookingId: number): Promise<Booking | undefined> {
  const row = await rowOf<BookingRow>(
    transaction,
    `${SELECT_BOOKING} WHERE user_id = $1 AND bookings.id = $2 FOR UPDATE OF bookings`,
    [userId, bookingId],
  );
  return row && bookingOf(row);
}

/** Why the user cannot book the session; undefined if they can. Locks it, so that two cannot take the last place. */
async function obstacle(
  transaction: PoolClient,
  userId: number,
  sessionId: number,
): Promise<BookingRefusal | undefined> {
  const session = await rowOf<{ capacity: number }>(
    transaction,
    'SELECT capacity FROM sessions WHERE id = $1 FOR UPDATE',
    [sessionId],
  );
  if (!session) return 'unknown-session';
  const taken = await rowsOf<{ user_id: number }>(
    transaction,
    "SELECT user_id FROM bookings WHERE session_id = $1 AND status = 'active'",
    [sessionId],
  );
  if (taken.some(({ user_id }) => user_id === userId)) return 'already-booked';
  return taken.length >= session.capacity ? 'session-full' : undefined;
}

async function withStatus(transaction: PoolClient, booking: Booking, status: Booking['status']): Promise<Booking> {
  const now = new Date().toISOString();
  await transaction.query('UPDATE bookings SET status = $1, updated_at = $2 WHERE id = $3', [status, now, booking.id]);
  return { ...booking, status, updated_at: now };
}
