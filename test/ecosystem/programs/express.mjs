import express from 'express';
import { afterBooking, createNotifier } from 'express-crm-notifier';
import { crmDashboard } from 'express-crm-notifier/dashboard';
import { bookOnce, makeBooking } from './book-once.cjs';

await bookOnce((options) => {
  const notifier = createNotifier(options);
  const app = express();
  app.use(express.json(), notifier.middleware());
  app.post('/bookings', afterBooking('created'), makeBooking);
  app.use('/crm', crmDashboard(notifier, { authorize: () => true }));
  const server = app.listen(0, '127.0.0.1');
  const inspect = async () => (await fetch(`http://127.0.0.1:${server.address().port}/crm/`)).status;
  return { notifier, server, inspect };
});
