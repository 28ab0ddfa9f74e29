// What an app's own tests do with the testing kit, run by `node --test`.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import express from 'express';
import { afterBooking, createNotifier } from 'express-crm-notifier';
import { createOwnedClock, startFakeCrm } from 'express-crm-notifier/testing';

let crm, notifier, clock, server;

before(async () => {
  crm = await startFakeCrm({ script: [{ status: 503 }, 'reset'] });
  clock = createOwnedClock();
  notifier = createNotifier({ baseUrl: crm.url, authToken: crm.token, outbox: ':memory:', clock, logLevel: 'silent' });
  const app = express();
  app.use(notifier.middleware());
  app.post('/bookings', afterBooking('created'), (req, res) => {
    res.status(201).json({ booking: { id: 456, userId: 123, sessionId: 789 } });
  });
  server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

after(async () => {
  server.close();
  server.closeAllConnections();
  await clock.advanceUntil(notifier.close());
  await crm.close();
});

test('a booking reaches the CRM in the end', async () => {
  const response = await fetch(`http://127.0.0.1:${server.address().port}/bookings`, { method: 'POST' });
  assert.equal(response.status, 201);
  const [sent] = await clock.advanceUntil(crm.sent.waitFor({ type: 'booking_created' }));
  assert.equal(sent.user_id, 123);
  assert.deepEqual(sent.additional_data, { booking_id: 456, session_id: 789, action: 'created' });
  // The cut connection had been used before, so the client sent it again within the same attempt.
  assert.equal(sent.retryCount, 1);
  assert.equal(crm.received.length, 3);
});

test('nothing else is told', async () => {
  await assert.rejects(crm.sent.waitFor({ type: 'booking_cancelled' }, { timeoutMs: 10 }), /Taken: booking_created /);
  assert.equal(crm.sent.all().length, 1);
});
