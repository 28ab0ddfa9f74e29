import { version } from '../../src/core/version.js';
import {
  CRMNotificationService,
  CRMValidationError,
  type BookingInput,
  type NotificationInput,
} from '../../src/index.js';
import { accept, reply } from '../helpers/scripted-crm.js';
import { testToken } from '../helpers/stage.js';
import { useCrm } from '../helpers/use-crm.js';
import { errorOf, registration, useService } from '../helpers/use-service.js';

const uuidV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('the calls of CRMNotificationService', () => {
  const create = useService();
  const start = useCrm();

  it('sendNotification posts a general notification and answers the CRM’s JSON', async () => {
    const crm = await start(reply(201, '{"status":"success","id":[1,{"deep":null}]}'));
    const { service } = create({ baseUrl: crm.url });
    const before = Date.now();
    expect(await service.sendNotification(registration)).toEqual({ status: 'success', id: [1, { deep: null }] });

    const [received] = crm.received;
    expect(received).toMatchObject({ method: 'POST', url: '/notify' });
    expect(received?.json).toEqual({
      notification_id: expect.stringMatching(uuidV7),
      notification_type: 'user_registered',
      user_id: 123,
      message: 'New user registered',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      additional_data: { email: 'ada@example.com' },
    });
    const timestamp = Date.parse(String(received?.json?.['timestamp']));
    expect(timestamp).toBeGreaterThanOrEqual(before);
    expect(timestamp).toBeLessThanOrEqual(Date.now());
  });

  it('sends these headers and no others', async () => {
    const crm = await start();
    const { service } = create({ baseUrl: crm.url });
    await service.sendNotification(registration);
    const [received] = crm.received;
    expect(received?.headers).toEqual({
      host: `127.0.0.1:${crm.port}`,
      connection: 'keep-alive',
      authorization: `Bearer ${testToken}`,
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(received?.text ?? '')),
      accept: 'application/json',
      'accept-encoding': 'identity',
      'idempotency-key': received?.json?.['notification_id'],
      'user-agent': `express-crm-notifier/${version}`,
    });
  });

  it('sendBookingNotification posts type, message and data of a booking', async () => {
    const crm = await start();
    const { service } = create({ baseUrl: crm.url });
    const answer = await service.sendBookingNotification({
      bookingId: 456,
      userId: 123,
      sessionId: 789,
      action: 'created',
      additionalData: { session_name: 'Yoga Class', booking_id: 1, action: 'stolen' },
    });
    expect(answer).toEqual({ status: 'success' });
    expect(crm.received[0]?.json).toMatchObject({
      notification_type: 'booking_created',
      user_id: 123,
      message: 'Booking 456 created',
      additional_data: { booking_id: 456, session_id: 789, action: 'created', session_name: 'Yoga Class' },
    });
  });

  it('sendBookingNotification posts a booking record as well, where all of it is given', async () => {
    const crm = await start();
    const { service } = create({ baseUrl: crm.url });
    await service.sendBookingNotification({
      bookingId: 456,
      userId: 123,
      sessionId: 789,
      action: 'created',
      user: { id: 123, name: 'Ada', email: 'ada@example.com' },
      event: { id: 101, title: 'Yoga', startDate: '2026-12-05T10:00:00Z' },
      facilitatorId: 7,
    });
    expect(crm.received[0]?.json).toMatchObject({
      booking_id: 456,
      user: { id: 123, name: 'Ada', email: 'ada@example.com' },
      event: { id: 101, title: 'Yoga', start_date: '2026-12-05T10:00:00Z' },
      facilitator_id: 7,
    });
  });

  it('sendEventNotification posts type, message and data of an event', async () => {
    const crm = await start();
    const { service } = create({ baseUrl: crm.url });
    await service.sendEventNotification({
      eventId: 101,
      userId: 123,
      action: 'updated',
      additionalData: { event_name: 'Summer Festival' },
    });
    expect(crm.received[0]?.json).toMatchObject({
      notification_type: 'event_updated',
      user_id: 123,
      message: 'Event 101 updated',
      additional_data: { event_id: 101, action: 'updated', event_name: 'Summer Festival' },
    });
  });

  it('testConnection asks GET /health with the token', async () => {
    const crm = await start();
    const { service } = create({ baseUrl: crm.url });
    expect(await service.testConnection()).toBe(true);
    expect(crm.received[0]).toMatchObject({
      method: 'GET',
      url: '/health',
      text: '',
      headers: { authorization: `Bearer ${testToken}`, accept: 'application/json' },
    });
    expect(crm.received[0]?.headers).not.toHaveProperty('idempotency-key');
  });

  it('gives each call an id of its own', async () => {
    const crm = await start();
    const { service } = create({ baseUrl: crm.url });
    await Promise.all(Array.from({ length: 20 }, () => service.sendNotification(registration)));
    expect(new Set(crm.received.map(({ headers }) => headers['idempotency-key'])).size).toBe(20);
  });

  it('case 4: a path in the base URL is kept, with and without a slash at its end', async () => {
    const crm = await start();
    for (const path of ['/base', '/base/', '/base//', '/x/../base', '/x/%2e%2e/base']) {
      const { service } = create({ baseUrl: crm.url + path });
      await service.sendNotification(registration);
      await service.testConnection();
    }
    expect(new Set(crm.received.map(({ url }) => url))).toEqual(new Set(['/base/notify', '/base/health']));
  });
});

describe('where the settings of CRMNotificationService come from', () => {
  const create = useService();
  const start = useCrm();

  it('takes address and token from the environment', async () => {
    const crm = await start();
    const env = { CRM_BASE_URL: crm.url, CRM_AUTH_TOKEN: 'token-of-the-environment' };
    const { service } = create({ authToken: undefined, env });
    await service.sendNotification(registration);
    expect(crm.received[0]?.headers.authorization).toBe('Bearer token-of-the-environment');
  });

  it('takes options over the environment', async () => {
    const crm = await start();
    const env = { CRM_BASE_URL: 'http://127.0.0.1:1', CRM_AUTH_TOKEN: 'token-of-the-environment', CRM_TIMEOUT_MS: '1' };
    const { service } = create({ baseUrl: crm.url, authToken: testToken, timeoutMs: 10_000, env });
    await service.sendNotification(registration);
    expect(crm.received[0]?.headers.authorization).toBe(`Bearer ${testToken}`);
  });

  it('reads process.env when no environment is given', async () => {
    const crm = await start();
    const before = process.env['CRM_BASE_URL'];
    process.env['CRM_BASE_URL'] = crm.url;
    try {
      const { service } = create({ env: undefined });
      await service.sendNotification(registration);
    } finally {
      if (before === undefined) delete process.env['CRM_BASE_URL'];
      else process.env['CRM_BASE_URL'] = before;
    }
    expect(crm.received).toHaveLength(1);
  });

  it('defaults to http://localhost:5001 and needs no options', async () => {
    const service = new CRMNotificationService({ env: { CRM_LOG_LEVEL: 'silent' } });
    expect(service.baseUrl).toBe('http://localhost:5001');
    await service.close();
  });
});

describe('what CRMNotificationService refuses to send', () => {
  const create = useService();
  const start = useCrm();

  const booking: BookingInput = { bookingId: 456, userId: 123, sessionId: 789, action: 'created' };

  it.each<[field: string, call: (service: CRMNotificationService) => Promise<unknown>]>([
    ['notificationType', (service) => service.sendNotification({ ...registration, notificationType: 'Not A Type' })],
    ['userId', (service) => service.sendNotification({ ...registration, userId: 0 })],
    ['message', (service) => service.sendNotification({ ...registration, message: '' })],
    ['additionalData.n', (service) => service.sendNotification({ ...registration, additionalData: { n: 1n } })],
    ['', (service) => service.sendNotification(undefined as unknown as NotificationInput)],
    ['bookingId', (service) => service.sendBookingNotification({ ...booking, bookingId: -1 })],
    ['sessionId', (service) => service.sendBookingNotification({ ...booking, sessionId: '' })],
    ['action', (service) => service.sendBookingNotification({ ...booking, action: 'a\r\nb' })],
    ['eventId', (service) => service.sendEventNotification({ eventId: 1.5, userId: 1, action: 'created' })],
  ])('a bad %s: the server sees no request', async (field, call) => {
    const crm = await start();
    const { service, log } = create({ baseUrl: crm.url });
    const error = await errorOf(call(service));
    expect(error).toBeInstanceOf(CRMValidationError);
    expect(error).toMatchObject({ code: 'ERR_CRM_VALIDATION', retryable: false, issues: [{ path: field }] });
    expect(log.at('error')).toHaveLength(1);
    // The connection works: what comes next arrives, and it is the first.
    await service.sendNotification(registration);
    expect(crm.received).toHaveLength(1);
  });

  it('names every problem at once', async () => {
    const crm = await start(accept);
    const { service } = create({ baseUrl: crm.url });
    const error = await errorOf(service.sendBookingNotification({ bookingId: 0, userId: 0, sessionId: 0, action: '' }));
    expect(error).toMatchObject({
      issues: [{ path: 'bookingId' }, { path: 'userId' }, { path: 'sessionId' }, { path: 'action' }],
    });
    expect(crm.received).toEqual([]);
  });
});
