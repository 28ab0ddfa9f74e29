// The app that PM2 starts, several times. It says when it is ready and closes when it is asked to, as docs/deploying.md shows.

const express = require('express');
const { afterBooking, createNotifier } = require('express-crm-notifier');

const notifier = createNotifier();
const app = express();
let isClosing = false;
app.use((req, res, next) => {
  // Otherwise a client under load keeps its connection to this process, and with it the process.
  if (isClosing) res.set('connection', 'close');
  next();
});
app.use(express.json(), notifier.middleware());
app.post('/bookings', afterBooking('created'), (req, res) => {
  res.status(201).json({ booking: { id: req.body.id, userId: 123, sessionId: 789 } });
});

notifier.ready().then(() => {
  const server = app.listen(Number(process.env.PORT), '127.0.0.1', () => process.send?.('ready'));
  process.once('SIGINT', () => {
    isClosing = true;
    server.close(() => void notifier.close().finally(() => process.exit()));
  });
});
