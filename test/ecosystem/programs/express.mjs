import express from 'express';
import { afterBooking, createNotifier } from 'express-crm-notifier';
import { bookOnce, makeBooking } from './book-once.cjs';

await bookOnce((options) => {
  const notifier = createNotifier(options);
  const app = express();
  app.use(express.json(), notifier.middleware());
  app.post('/bookings', afterBooking('created'), makeBooking);
  return { notifier, server: app.listen(0, '127.0.0.1') };
});
