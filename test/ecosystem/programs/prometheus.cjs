const express = require('express');
const { afterBooking, createNotifier } = require('express-crm-notifier');
const { crmMetrics } = require('express-crm-notifier/prometheus');
const { register } = require('prom-client');
const { bookOnce, makeBooking } = require('./book-once.cjs');

void bookOnce((options) => {
  const notifier = createNotifier(options);
  crmMetrics(notifier, register);
  const app = express();
  app.use(express.json(), notifier.middleware());
  app.post('/bookings', afterBooking('created'), makeBooking);
  app.get('/metrics', async (req, res) => {
    res.type(register.contentType).send(await register.metrics());
  });
  const server = app.listen(0, '127.0.0.1');
  const inspect = async () => (await fetch(`http://127.0.0.1:${server.address().port}/metrics`)).text();
  return { notifier, server, inspect };
});
