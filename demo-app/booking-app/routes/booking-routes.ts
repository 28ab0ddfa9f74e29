import { Router } from 'express';
import { afterBooking } from 'express-crm-notifier';
import { z } from 'zod';
import { HttpError } from '../../web/errors.js';
import { parseBody, pathId } from '../../web/parse-request.js';
import type { Booking, BookingRefusal, BookingResult, BookingStore } from '../booking-store.js';
import { requireUser, signedInUser } from '../require-user.js';
import type { UserStore } from '../user-store.js';

interface BookingReply {
  readonly booking: Booking;
}

const newBooking = z.object({ session_id: z.int().positive() });

export function bookingRoutes(bookings: BookingStore, users: UserStore): Router {
  const router = Router();
  const userRequired = requireUser(users);

  router.get('/bookings', userRequired, (req, res) => {
    res.json({ bookings: bookings.list(signedInUser(req).id) });
  });

  // With a mapper, because the default mapping does not send the session's name.
  const notifyCreated = afterBooking('created', ({ booking }: BookingReply) => ({
    bookingId: booking.id,
    userId: booking.user_id,
    sessionId: booking.session_id,
    user: booking.user,
    event: booking.event,
    facilitatorId: booking.facilitator_id,
    additionalData: { session_name: booking.session_name },
  }));
  router.post('/bookings', userRequired, notifyCreated, (req, res) => {
    const { session_id } = parseBody(newBooking, req.body);
    res.status(201).json(replyOf(bookings.book(signedInUser(req).id, session_id)));
  });

  router.delete('/bookings/:id', userRequired, afterBooking('cancelled'), (req, res) => {
    res.json(replyOf(bookings.cancel(signedInUser(req).id, pathId(req.params['id']))));
  });

  router.post('/bookings/:id/reactivate', userRequired, afterBooking('reactivated'), (req, res) => {
    res.json(replyOf(bookings.reactivate(signedInUser(req).id, pathId(req.params['id']))));
  });

  return router;
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
