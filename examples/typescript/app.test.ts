import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { createNotifier } from 'express-crm-notifier';
import { startFakeCrm } from 'express-crm-notifier/testing';
import { pino } from 'pino';
import { createApp } from './app.js';

/** The app on a free port, with a notifier that knows only the fake CRM. All of it is closed after the test. */
async function startApp(t: TestContext) {
  const fakeCrm = await startFakeCrm();
  const logger = pino({ level: 'silent' });
  const notifier = createNotifier({ baseUrl: fakeCrm.url, authToken: fakeCrm.token, outbox: ':memory:', logger });
  const server = createApp(notifier, logger).listen(0);
  t.after(async () => {
    server.close();
    server.closeAllConnections();
    await notifier.close();
    await fakeCrm.close();
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const post = (body: unknown) =>
    fetch(`http://127.0.0.1:${String(port)}/reservations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  return { fakeCrm, notifier, post };
}

test('the CRM is notified of a reservation', async (t) => {
  const { fakeCrm, post } = await startApp(t);
  assert.equal((await post({ member: 123, session: 789 })).status, 201);
  const [sent] = await fakeCrm.sent.waitFor({ type: 'booking_created', userId: 123 });
  assert.deepEqual(sent.additional_data, { booking_id: 456, session_id: 789, action: 'created' });
});

test('the CRM is not notified of a reservation that is refused', async (t) => {
  const { fakeCrm, notifier, post } = await startApp(t);
  assert.equal((await post({ member: 'me' })).status, 422);
  await notifier.flush();
  assert.deepEqual(fakeCrm.sent.all(), []);
});
