import { Router } from 'express';
import type { Response } from 'express';
import { afterBooking } from 'express-crm-notifier';
import type { BookingFields } from 'express-crm-notifier';
import { z } from 'zod';
import { HttpError } from '../../web/errors.js';
import { parseBody, pathId } from '../../web/parse-request.js';
import type { Booking, BookingRefusal, BookingResult, BookingStore, NotifyInTransaction } from '../booking-store.js';
import { requireUser, signedInUser } from '../require-user.js';
import type { UserStore } from '../user-store.js';

interface BookingReply {
  readonly booking: Booking;
}

const newBooking = z.object({ session_id: z.int().positive() });

/**
 * Each route that changes a booking has a hook. Where the store notifies in its transaction, the hook stands back; where it does
 * not, the hook notifies.
 */
export function bookingRoutes(bookings: BookingStore, users: UserStore): Router {
  const router = Router();
  const userRequired = requireUser(users);

  router.get('/bookings', userRequired, async (req, res) => {
    res.json({ bookings: await bookings.list(signedInUser(req).id) });
  });

  // With a mapper, because the default mapping does not send the session's name.
  const notifyCreated = afterBooking('created', ({ booking }: BookingReply) => fieldsOf(booking));
  router.post('/bookings', userRequired, notifyCreated, async (req, res) => {
    const { session_id } = parseBody(newBooking, req.body);
    const result = await bookings.book(signedInUser(req).id, session_id, inTransaction(res, 'created'));
    res.status(201).json(replyOf(result));
  });

  router.delete('/bookings/:id', userRequired, afterBooking('cancelled'), async (req, res) => {
    const id = pathId(req.params['id']);
    res.json(replyOf(await bookings.cancel(signedInUser(req).id, id, inTransaction(res, 'cancelled'))));
  });

  router.post('/bookings/:id/reactivate', userRequired, afterBooking('reactivated'), async (req, res) => {
    const id = pathId(req.params['id']);
    res.json(replyOf(await bookings.reactivate(signedInUser(req).id, id, inTransaction(res, 'reactivated'))));
  });

  return router;
}

function inTransaction(res: Response, action: string): NotifyInTransaction {
  return (booking, transaction) => res.locals.crm.in(transaction).notifyBooking({ ...fieldsOf(booking), action });
}

function fieldsOf(booking: Booking): BookingFields {
  return {
    bookingId: booking.id,
    userId: booking.user_id,
    sessionId: booking.session_id,
    user: booking.user,
    event: booking.event,
    facilitatorId: booking.facilitator_id,
    additionalData: { session_name: booking.session_name },
  };
}

const REFUSALS: Readonly<Record<BookingRefusal, readonly [status: number, message: string]>> = {
  'unknown-session': [404, 'There is no such session'],
  'unknown-booking': [404, 'You have no such booking'],
  'session-full': [409, 'The session is full'],
  'already-booked': [409, 'You have booked this session already'],
  'already-cancelled': [409, 'The booking is cancelled already'],
  'already-active': [409, 'The booking is active already'],
};

function replyOf(result: BookingResult): BookingReply {
  if (result.ok) return { booking: result.booking };
  throw new HttpError(...REFUSALS[result.refusal]);
}
