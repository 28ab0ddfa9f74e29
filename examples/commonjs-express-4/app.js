'use strict';

const { randomUUID } = require('node:crypto');
const express = require('express');
const session = require('express-session');
const { afterBooking, createNotifier } = require('express-crm-notifier');

const crm = createNotifier(); // CRM_BASE_URL, CRM_AUTH_TOKEN, … from the environment
const app = express();
// In production use a session store and a secret of its own; this secret ends with the process.
app.use(session({ secret: process.env.SESSION_SECRET ?? randomUUID(), resave: false, saveUninitialized: false }));
app.use(express.urlencoded({ extended: false }));
app.use(crm.middleware());

const classes = new Map([
  [789, 'Yoga'],
  [790, 'Pilates'],
]);
let lastBookingId = 455;

const entities = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text) => text.replace(/[&<>"]/g, (character) => entities[character]);

function page(message = '') {
  const options = [...classes].map(([id, title]) => `<option value="${id}">${escaped(title)}</option>`).join('');
  return `<!doctype html><title>Book a class</title><p>${escaped(message)}</p>
    <form method="post" action="/bookings"><select name="class">${options}</select> <button>Book</button></form>`;
}

app.get('/', (req, res) => {
  const { booked } = req.session;
  delete req.session.booked;
  res.send(page(booked));
});

// A redirect has no body, so the booking is in res.locals, and `status` says that a redirect is a success.
const notifyCreated = afterBooking('created', undefined, { status: (status) => status < 400 });

app.post('/bookings', notifyCreated, (req, res) => {
  const classId = Number(req.body.class);
  const title = classes.get(classId);
  if (title === undefined) {
    res.status(422).send(page('There is no such class.')); // no notification
    return;
  }
  req.session.userId ??= 123; // your sign-in sets it
  lastBookingId += 1;
  res.locals.booking = { id: lastBookingId, userId: req.session.userId, sessionId: classId };
  req.session.booked = `You have booked ${title}.`;
  res.redirect(303, '/');
});

let server;

crm.ready().then(
  () => {
    server = app.listen(process.env.PORT ?? 3000, () => {
      console.log(`The app is at http://localhost:${server.address().port}`);
    });
  },
  (error) => {
    console.error(error.message); // do not start without an outbox
    process.exitCode = 1;
  },
);

function stop() {
  server.close(async () => {
    const { pending } = await crm.close();
    console.log(`Stopped; ${pending} notifications wait for the next start`);
  });
}
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
