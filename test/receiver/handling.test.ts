import { NotificationRejectedError, type WireNotification } from '../../src/receiver/index.js';
import { createDeferred } from '../helpers/deferred.js';
import { booking, registration, useReceiver } from './use-receiver.js';

const start = useReceiver();

describe('a notification', () => {
  it('is handled by the handler of its type, all others by that of *', async () => {
    const handled: string[] = [];
    const receiver = await start({
      on: {
        booking_created: ({ additional_data: { booking_id, session_id, action } }) =>
          handled.push(`booking ${String(booking_id)} ${String(session_id)} ${action}`),
        event_updated: ({ additional_data: { event_id } }) => handled.push(`event ${String(event_id)}`),
        user_registered: ({ user_id }) => handled.push(`user ${String(user_id)}`),
        '*': ({ notification_type }) => handled.push(`other ${notification_type}`),
      },
    });
    const event = { notification_type: 'event_updated', additional_data: { event_id: 'e-1', action: 'updated' } };
    for (const notification of [
      booking(),
      registration(event),
      registration(),
      registration({ notification_type: 'booking_cancelled' }),
      registration({ notification_type: 'constructor' }),
    ]) {
      expect(await receiver.notify(notification)).toMatchObject({ status: 200 });
    }
    expect(handled).toEqual([
      'booking 456 789 created',
      'event e-1',
      'user 123',
      'other booking_cancelled',
      'other constructor',
    ]);
  });

  it('is given whole, with the number of earlier attempts and the headers', async () => {
    const handled: unknown[] = [];
    const receiver = await start({
      on: {
        booking_created: (notification, { tx, retryCount, headers }) =>
          handled.push({ notification, tx, retryCount, traceparent: headers['traceparent'] }),
      },
    });
    const record = {
      ...booking(),
      booking_id: 456,
      user: { id: 123, name: 'Ada', email: 'ada@example.com' },
      event: { id: 101, title: 'Wellness Week', start_date: '2026-12-01' },
      facilitator_id: 9,
    };
    const again = booking();
    await receiver.notify(record, { 'x-retry-count': '7', traceparent: 'a-trace' });
    await receiver.notify(again, { 'x-retry-count': 'many' });
    expect(handled).toEqual([
      { notification: record, tx: undefined, retryCount: 7, traceparent: 'a-trace' },
      { notification: again, tx: undefined, retryCount: 0, traceparent: undefined },
    ]);
  });

  it('is handled once, however often it comes', async () => {
    const handled: unknown[] = [];
    const receiver = await start({ on: { '*': (notification) => handled.push(notification) } });
    const { notification_id } = booking();
    for (const duplicate of [false, true, true]) {
      const response = await receiver.notify(booking(1, { notification_id }));
      expect(response).toMatchObject({ status: 200, body: { status: 'success', notification_id, duplicate } });
    }
    expect(handled).toHaveLength(1);
  });

  it('that is being handled is 409 with Retry-After, and a duplicate afterwards', async () => {
    const [hasBegun, mayEnd] = [createDeferred(), createDeferred()];
    let handledCount = 0;
    const receiver = await start({
      on: {
        booking_created: async () => {
          handledCount += 1;
          hasBegun.resolve();
          await mayEnd.promise;
        },
      },
    });
    const sent = booking();
    const first = receiver.notify(sent);
    await hasBegun.promise;
    const second = await receiver.notify(sent);
    expect(second).toMatchObject({ status: 409, body: { code: 'under-way' } });
    expect(second.headers['retry-after']).toBe('1');
    mayEnd.resolve();
    expect(await first).toMatchObject({ status: 200, body: { duplicate: false } });
    expect(await receiver.notify(sent)).toMatchObject({ status: 200, body: { duplicate: true } });
    expect(handledCount).toBe(1);
  });

  it('of a type that has no handler is 422', async () => {
    const receiver = await start({ on: { booking_created: () => undefined } });
    const response = await receiver.notify(registration());
    expect(response).toMatchObject({ status: 422, body: { code: 'no-handler' } });
  });
});

describe('a handler that', () => {
  it.each([
    [
      'throws',
      () => {
        throw new TypeError('Ada Lovelace has no e-mail address');
      },
    ],
    ['rejects', () => Promise.reject(new TypeError('Ada Lovelace has no e-mail address'))],
  ])('%s: 500, and the notification is handled when it comes again', async (_how, fail) => {
    const reported: unknown[] = [];
    let handledCount = 0;
    const receiver = await start({
      on: {
        booking_created: () => {
          handledCount += 1;
          return handledCount === 1 ? fail() : undefined;
        },
      },
      onError: (error, about) => reported.push([(error as Error).message, about]),
    });
    const sent = booking();
    const first = await receiver.notify(sent);
    expect(first).toMatchObject({ status: 500, body: { code: 'handler-failed' } });
    expect(JSON.stringify(first.body)).not.toContain('Ada');
    expect(await receiver.notify(sent)).toMatchObject({ status: 200, body: { duplicate: false } });
    expect(await receiver.notify(sent)).toMatchObject({ status: 200, body: { duplicate: true } });
    expect(handledCount).toBe(2);

    const about = { id: sent.notification_id, type: 'booking_created' };
    expect(reported).toEqual([['Ada Lovelace has no e-mail address', about]]);
    expect(receiver.log.at('error')).toEqual([
      {
        level: 'error',
        fields: about,
        message: expect.stringMatching(/^CRM receiver: a handler failed with TypeError at .*handling\.test\.ts:\d+/),
      },
    ]);
    expect(receiver.log.text()).not.toContain('Ada');
  });

  it.each([
    ['nothing at all', undefined, 'something that is no Error'],
    ['a text', 'Ada Lovelace', 'something that is no Error'],
    ['an error whose code is a sentence', Object.assign(new Error('x'), { code: 'Ada Lovelace' }), 'Error at'],
  ])('throws %s: 500, and the log line says no more', async (_what, thrown, words) => {
    const receiver = await start({
      on: {
        '*': () => {
          // eslint-disable-next-line @typescript-eslint/only-throw-error -- As apps may.
          throw thrown;
        },
      },
      onError: () => {
        throw new Error('of the app, again');
      },
    });
    expect(await receiver.notify(booking())).toMatchObject({ status: 500 });
    expect(receiver.log.at('error')).toHaveLength(1);
    expect(receiver.log.at('error')[0]?.message).toContain(words);
    expect(receiver.log.text()).not.toContain('Ada');
  });

  it('throws a NotificationRejectedError: 422 with its reason, nothing is logged, and the id is not remembered', async () => {
    let isKnown = false;
    const receiver = await start({
      on: {
        booking_created: () => {
          if (!isKnown) throw new NotificationRejectedError('there is no such session');
        },
      },
    });
    const sent = booking();
    expect(await receiver.notify(sent)).toMatchObject({
      status: 422,
      body: { code: 'rejected', error: 'there is no such session' },
    });
    expect(receiver.log.lines).toEqual([]);
    isKnown = true;
    expect(await receiver.notify(sent)).toMatchObject({ status: 200, body: { duplicate: false } });
  });
});

describe('a store that fails', () => {
  it('is 500, and a line says what kind of error it was', async () => {
    const store = { handleOnce: () => Promise.reject(Object.assign(new Error('x'), { code: 'ECONNREFUSED' })) };
    const receiver = await start({ store });
    const sent = booking();
    expect(await receiver.notify(sent)).toMatchObject({ status: 500, body: { code: 'store-failed' } });
    expect(receiver.log.at('error')).toEqual([
      {
        level: 'error',
        fields: { id: sent.notification_id, type: 'booking_created', code: 'ECONNREFUSED' },
        message: expect.stringMatching(/^CRM receiver: the store failed with Error at /),
      },
    ]);
  });

  it('is believed if it tries again and finds that another process has done it', async () => {
    const store = {
      async handleOnce(_id: string, handle: (tx: undefined) => Promise<void>) {
        await handle(undefined).catch(() => undefined);
        return 'duplicate' as const;
      },
    };
    const on = { '*': () => Promise.reject(new Error('could not serialize access')) };
    const receiver = await start({ store, on });
    expect(await receiver.notify(booking())).toMatchObject({ status: 200, body: { duplicate: true } });
    expect(receiver.log.lines).toEqual([]);
  });

  it('is no success if it keeps to itself what the handler threw', async () => {
    const store = {
      async handleOnce(_id: string, handle: (tx: undefined) => Promise<void>) {
        await handle(undefined).catch(() => undefined);
        return 'handled' as const;
      },
    };
    const on = { '*': () => Promise.reject(new Error('x')) };
    const receiver = await start({ store, on });
    expect(await receiver.notify(booking())).toMatchObject({ status: 500, body: { code: 'handler-failed' } });
  });
});

it('a thousand notifications at once are each handled once', async () => {
  const handled: string[] = [];
  const receiver = await start({ on: { '*': ({ notification_id }) => handled.push(notification_id) } });
  const sent: WireNotification[] = Array.from({ length: 500 }, (_, index) => booking(index + 1));
  const responses = await Promise.all([...sent, ...sent].map((notification) => receiver.notify(notification)));
  expect(responses.filter(({ status, body }) => status === 200 && body.duplicate === false)).toHaveLength(500);
  expect([...handled].sort()).toEqual(sent.map(({ notification_id }) => notification_id).sort());
});
