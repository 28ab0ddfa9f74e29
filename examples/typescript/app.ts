import express, { type Express, type Request, type Response } from 'express';
import { afterBooking, type Notifier } from 'express-crm-notifier';
import { pinoHttp } from 'pino-http';
import type { Logger } from 'pino';
import { z } from 'zod';

const newReservation = z.object({ member: z.int().positive(), session: z.int().positive() });

interface Reservation {
  readonly bookingNumber: number;
  readonly member: number;
  readonly session: number;
  readonly isWaiting: boolean;
}

/** An object with `error` may be sent beside what the mapper takes; there is no notification then. */
type Answer = Reservation | { readonly error: string };

const placesOfASession = 10;

function createReservationController() {
  const reservations = new Map<number, Reservation>();
  let bookingNumber = 455;

  function create(req: Request, res: Response<Answer>): void {
    const input = newReservation.safeParse(req.body);
    if (!input.success) {
      res.status(422).json({ error: z.prettifyError(input.error) });
      return;
    }
    const { member, session } = input.data;
    const taken = [...reservations.values()].filter((other) => other.session === session).length;
    bookingNumber += 1;
    const reservation = { bookingNumber, member, session, isWaiting: taken >= placesOfASession };
    reservations.set(bookingNumber, reservation);
    res.status(201).json(reservation);
  }

  function cancel(req: Request<{ number: string }>, res: Response<Answer>): void {
    const reservation = reservations.get(Number(req.params.number));
    if (reservation === undefined) {
      res.status(404).json({ error: 'there is no such reservation' });
      return;
    }
    reservations.delete(reservation.bookingNumber);
    res.json(reservation);
  }

  return { create, cancel };
}

/** The compiler checks it against what the handlers send when all goes well. Undefined: no notification. */
function bookingOf({ bookingNumber, member, session, isWaiting }: Reservation) {
  return isWaiting ? undefined : { bookingId: bookingNumber, userId: member, sessionId: session };
}

/** The notifier comes from outside, so that a test can bring one that knows the fake CRM. */
export function createApp(crm: Notifier, logger: Logger): Express {
  const { create, cancel } = createReservationController();
  const app = express();
  app.use(pinoHttp({ logger }), express.json(), crm.middleware());
  app.post('/reservations', afterBooking('created', bookingOf), create);
  app.delete('/reservations/:number', afterBooking('cancelled', bookingOf), cancel);
  return app;
}
