import request from 'supertest';
import type { Notifier } from 'express-crm-notifier';
import { startFakeCrm, type FakeCrm } from 'express-crm-notifier/testing';
import { createApp, type App } from './app.js';

describe('POST /bookings', () => {
  let crm: FakeCrm;
  let app: App['app'];
  let notifier: Notifier;

  beforeEach(async () => {
    crm = await startFakeCrm();
    const outbox = ':memory:';
    const retry = { firstDelayMs: 20 };
    ({ app, notifier } = createApp({ baseUrl: crm.url, authToken: crm.token, outbox, retry, logLevel: 'silent' }));
  });

  afterEach(async () => {
    await notifier.close();
    await crm.close();
  });

  it('notifies the CRM of the booking', async () => {
    await request(app).post('/bookings').send({ userId: 123, sessionId: 789 }).expect(201);
    const [sent] = await crm.sent.waitFor({ type: 'booking_created', userId: 123 });
    expect(sent).toMatchObject({
      message: 'Booking 456 created',
      additional_data: { booking_id: 456, session_id: 789, action: 'created' },
    });
  });

  it('sends nothing for a booking that fails', async () => {
    await request(app).post('/bookings').send({}).expect(422);
    await notifier.flush();
    expect(crm.sent.all()).toEqual([]);
  });

  it('makes the booking while the CRM is down, and notifies it later', async () => {
    await crm.behave('down');
    await request(app).post('/bookings').send({ userId: 123, sessionId: 789 }).expect(201);
    await crm.behave('ok');
    await crm.sent.waitFor({ type: 'booking_created' });
  });

  it('notifies it once, even if the first attempts fail', async () => {
    crm.script({ status: 503 }, { status: 500 });
    await request(app).post('/bookings').send({ userId: 123, sessionId: 789 }).expect(201);
    const [sent] = await crm.sent.waitFor({ type: 'booking_created' });
    expect(sent.retryCount).toBe(2);
    expect(crm.sent.duplicates).toEqual([]);
  });
});
