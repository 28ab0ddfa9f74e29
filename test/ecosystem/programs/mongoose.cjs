// An app that responds with Mongoose documents: `node mongoose.cjs document`. No database is needed to make one.

const express = require('express');
const { afterBooking, createNotifier } = require('express-crm-notifier');
const mongoose = require('mongoose');
const { bookOnce } = require('./book-once.cjs');

const { ObjectId } = mongoose.Types;
const fields = { userId: mongoose.Schema.Types.ObjectId, sessionId: mongoose.Schema.Types.ObjectId };
const toJSON = {
  transform(_document, { _id, ...others }) {
    return { id: _id, ...others };
  },
};
const Booking = mongoose.model('Booking', new mongoose.Schema(fields));
const Renamed = mongoose.model('Renamed', new mongoose.Schema(fields, { toJSON }));

const ids = {
  _id: new ObjectId('65f000000000000000000456'),
  userId: new ObjectId('65f000000000000000000123'),
  sessionId: new ObjectId('65f000000000000000000789'),
};
const bodies = {
  document: () => ({ booking: new Booking(ids) }),
  'document alone': () => new Booking(ids),
  'document with toJSON': () => ({ booking: new Renamed(ids) }),
  'plain object': () => ({ booking: new Booking(ids).toObject() }),
  'number and _id': () => ({ booking: { ...new Booking(ids).toObject(), userId: 123 } }),
};

void bookOnce((options) => {
  const notifier = createNotifier(options);
  const app = express();
  app.use(express.json(), notifier.middleware());
  app.post('/bookings', afterBooking('created'), (req, res) => {
    res.status(201).json(bodies[process.argv[2]]());
  });
  return { notifier, server: app.listen(0, '127.0.0.1') };
});
