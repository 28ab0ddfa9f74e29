const express = require('express');
const { afterBooking, createNotifier } = require('express-crm-notifier');
const { bookOnce, makeBooking } = require('./book-once.cjs');

void bookOnce((options) => {
  const notifier = createNotifier(options);
  const app = express();
  app.use(express.json(), notifier.middleware());
  app.post('/bookings', afterBooking('created'), makeBooking);
  return { notifier, server: app.listen(0, '127.0.0.1') };
});
