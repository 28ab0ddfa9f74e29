import { createNotifier, CRMNotificationService } from 'express-crm-notifier';
import { NotificationRejectedError } from '../../src/receiver/index.js';
import { testToken } from '../helpers/stage.js';
import { useReceiver } from './use-receiver.js';

const start = useReceiver();
const ignore = () => undefined;
const logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

describe('a notifier and a receiver', () => {
  it('understand each other: bookings, events, others, and booking records', async () => {
    const handled: unknown[] = [];
    const receiver = await start({
      token: testToken,
      on: {
        booking_created: ({ additional_data, event }) => handled.push([additional_data, event?.title]),
        event_updated: ({ additional_data }) => handled.push([additional_data]),
        '*': ({ notification_type, user_id }) => handled.push([notification_type, user_id]),
      },
    });
    await using crm = createNotifier({
      baseUrl: receiver.url,
      authToken: testToken,
      outbox: ':memory:',
      logger,
      env: {},
    });
    await crm.notifyBooking({ bookingId: 456, userId: 123, sessionId: 789, action: 'created' });
    await crm.flush();
    await crm.notifyBooking({
      bookingId: 'b-1',
      userId: 'u-1',
      sessionId: null,
      action: 'created',
      user: { id: 'u-1', name: 'Ada', email: 'ada@example.com' },
      event: { id: 101, title: 'Wellness Week', startDate: new Date(0) },
      facilitatorId: 9,
      additionalData: { price: 12.5 },
    });
    await crm.flush();
    await crm.notifyEvent({ eventId: 101, userId: 123, action: 'updated' });
    await crm.flush();
    await crm.notify({ notificationType: 'user_registered', userId: 123, message: 'New user' });
    await crm.flush();
    expect(await crm.stats()).toMatchObject({ delivered: 4, dead: 0 });
    expect(handled).toEqual([
      [{ booking_id: 456, session_id: 789, action: 'created' }, undefined],
      [{ booking_id: 'b-1', session_id: null, action: 'created', price: 12.5 }, 'Wellness Week'],
      [{ event_id: 101, action: 'updated' }],
      ['user_registered', 123],
    ]);
  });

  it('understand each other in batches, signed as a whole, where one is bad', async () => {
    const handled: unknown[] = [];
    const secrets = ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'];
    const receiver = await start({
      token: testToken,
      signing: { secrets },
      on: {
        '*': ({ user_id }) => {
          if (user_id === 3) throw new NotificationRejectedError('no such user');
          handled.push(user_id);
        },
      },
    });
    await using crm = createNotifier({
      ...{ baseUrl: receiver.url, authToken: testToken, outbox: ':memory:', logger, env: {} },
      ...{ batch: { maxCount: 10 }, signing: { secrets } },
    });
    const users = [1, 2, 3, 4, 5];
    await Promise.all(users.map((userId) => crm.notify({ notificationType: 'user_moved', userId, message: 'moved' })));
    await crm.flush();
    expect(await crm.stats()).toMatchObject({ delivered: 4, dead: 1, retried: 0, pending: 0 });
    expect([...handled].sort()).toEqual([1, 2, 4, 5]);
    expect(await crm.deadLetters.list()).toMatchObject([{ reason: { status: 422, detail: 'no such user' } }]);
  });

  it('agree on what is tried again, what never is, and what is taken', async () => {
    const attempts: string[] = [];
    const receiver = await start({
      token: testToken,
      on: {
        user_slow: (_notification, { retryCount }) => {
          attempts.push(`slow ${String(retryCount)}`);
          if (retryCount < 2) throw new Error('not yet');
        },
        user_odd: () => {
          attempts.push('odd');
          throw new NotificationRejectedError('there is no such user');
        },
      },
    });
    await using crm = createNotifier({
      baseUrl: receiver.url,
      authToken: testToken,
      outbox: ':memory:',
      retry: { firstDelayMs: 1, maxDelayMs: 1 },
      logger,
      env: {},
    });
    const settled = new Promise<void>((resolve) => {
      let count = 0;
      const count3 = () => {
        count += 1;
        if (count === 3) resolve();
      };
      crm.on('delivered', count3);
      crm.on('dead', count3);
    });
    for (const notificationType of ['user_slow', 'user_odd', 'user_unknown']) {
      await crm.notify({ notificationType, userId: 1, message: 'm', lane: notificationType });
    }
    await settled;
    expect(attempts.filter((attempt) => attempt !== 'odd')).toEqual(['slow 0', 'slow 1', 'slow 2']);
    expect(attempts.filter((attempt) => attempt === 'odd')).toEqual(['odd']);
    const letters = await crm.deadLetters.list();
    expect(letters.map(({ type, reason }) => [type, reason.status, reason.detail]).sort()).toEqual([
      ['user_odd', 422, expect.stringContaining('there is no such user')],
      ['user_unknown', 422, expect.stringContaining('there is no handler')],
    ]);
  });
});

it('the direct client finds a receiver healthy, and gets its reply', async () => {
  const receiver = await start({ token: testToken });
  await using service = new CRMNotificationService({ baseUrl: receiver.url, authToken: testToken, logger, env: {} });
  expect(await service.testConnection()).toBe(true);
  const reply = await service.sendNotification({ notificationType: 'user_registered', userId: 1, message: 'New user' });
  expect(reply).toMatchObject({ status: 'success', duplicate: false });
});
