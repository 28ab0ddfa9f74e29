import express, { type Express } from 'express';
import { afterBooking, createNotifier, type Notifier, type NotifierOptions } from 'express-crm-notifier';

export interface App {
  readonly app: Express;
  readonly notifier: Notifier;
}

export function createApp(options: NotifierOptions = {}): App {
  const notifier = createNotifier(options);
  const app = express();
  app.use(express.json(), notifier.middleware());
  app.post('/bookings', afterBooking('created'), (req, res) => {
    const { userId, sessionId } = req.body as { userId?: number; sessionId?: number };
    if (userId === undefined) res.status(422).json({ error: 'userId is missing' });
    else res.status(201).json({ booking: { id: 456, userId, sessionId } });
  });
  return { app, notifier };
}
