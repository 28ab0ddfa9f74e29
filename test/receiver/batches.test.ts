import { NotificationRejectedError } from '../../src/receiver/index.js';
import { createDeferred } from '../helpers/deferred.js';
import { booking, registration, useReceiver } from './use-receiver.js';

const start = useReceiver();

it('each notification of a batch gets its own result, in the order of the batch', async () => {
  const handled: unknown[] = [];
  const receiver = await start({
    on: {
      booking_created: ({ additional_data: { booking_id } }) => {
        if (booking_id === 2) throw new Error('fails');
        if (booking_id === 3) throw new NotificationRejectedError('there is no such session');
        handled.push(booking_id);
      },
    },
  });
  const sent = [booking(1), booking(2), booking(3), registration(), { ...booking(5), user_id: 0 }, 'x', {}, booking(6)];
  const response = await receiver.notifyBatch(sent);
  const idOf = (index: number) => (sent[index] as { notification_id: string }).notification_id;
  expect(response).toMatchObject({ status: 200 });
  expect(response.body).toEqual({
    results: [
      { notification_id: idOf(0), status: 200, duplicate: false },
      { notification_id: idOf(1), status: 500, code: 'handler-failed', error: expect.any(String) },
      { notification_id: idOf(2), status: 422, code: 'rejected', error: 'there is no such session' },
      { notification_id: idOf(3), status: 422, code: 'no-handler', error: expect.any(String) },
      {
        notification_id: idOf(4),
        status: 400,
        code: 'invalid-notification',
        error: expect.stringContaining('user_id'),
      },
      { notification_id: null, status: 400, code: 'invalid-notification', error: expect.any(String) },
      { notification_id: null, status: 400, code: 'invalid-notification', error: expect.any(String) },
      { notification_id: idOf(7), status: 200, duplicate: false },
    ],
  });
  expect(handled).toEqual([1, 6]);
});

it('a batch that is sent again is handled once, and what failed in it again', async () => {
  const handled: unknown[] = [];
  let isDown = true;
  const receiver = await start({
    on: {
      booking_created: ({ additional_data: { booking_id } }) => {
        if (booking_id === 2 && isDown) throw new Error('down');
        handled.push(booking_id);
      },
    },
  });
  const sent = [booking(1), booking(2), booking(3)];
  const statuses = async () =>
    (await receiver.notifyBatch(sent)).body.results!.map(({ status, duplicate }) => [status, duplicate]);
  expect(await statuses()).toEqual([
    [200, false],
    [500, undefined],
    [200, false],
  ]);
  isDown = false;
  expect(await statuses()).toEqual([
    [200, true],
    [200, false],
    [200, true],
  ]);
  expect(handled).toEqual([1, 3, 2]);
});

describe('notifications of one booking, event or user in one batch', () => {
  const about = {
    booking: (message: string) => booking(7, { message }),
    event: (message: string) =>
      registration({ notification_type: 'event_x', message, additional_data: { event_id: 7, action: 'x' } }),
    user: (message: string) => registration({ message, user_id: 7 }),
  };

  it.each(Object.entries(about))(
    'are handled in their order, also where others are handled meanwhile: %s',
    async (_what, of) => {
      const handled: string[] = [];
      let underWayCount = 0;
      const receiver = await start({
        batchConcurrency: 4,
        on: {
          '*': async ({ message }) => {
            underWayCount += 1;
            expect(underWayCount).toBe(1);
            await new Promise(setImmediate);
            handled.push(message);
            underWayCount -= 1;
          },
        },
      });
      const messages = Array.from({ length: 20 }, (_, index) => `message ${String(index)}`);
      const response = await receiver.notifyBatch(messages.map(of));
      expect(response.body.results!.every(({ status }) => status === 200)).toBe(true);
      expect(handled).toEqual(messages);
    },
  );

  it('are 409 after one that has to be sent again, and no others are', async () => {
    const handled: string[] = [];
    const receiver = await start({
      on: {
        '*': ({ message }) => {
          if (message === 'fails') throw new Error('fails');
          handled.push(message);
        },
      },
    });
    const sent = [
      about.booking('a'),
      about.booking('fails'),
      about.user('b'),
      about.booking('c'),
      about.event('d'),
      booking(8, { message: 'e' }),
    ];
    const response = await receiver.notifyBatch(sent);
    const codes = response.body.results!.map(({ status, code }) => code ?? status);
    expect(codes).toEqual([200, 'handler-failed', 200, 'earlier-failed', 200, 200]);
    expect(response.body.results![3]!.status).toBe(409);
    expect(handled.sort()).toEqual(['a', 'b', 'd', 'e']);
  });

  it('are handled after one that never will be', async () => {
    const handled: string[] = [];
    const receiver = await start({
      on: {
        '*': ({ message }) => {
          if (message === 'never') throw new NotificationRejectedError('never');
          handled.push(message);
        },
      },
    });
    const response = await receiver.notifyBatch([about.booking('never'), about.booking('a')]);
    expect(response.body.results!.map(({ status }) => status)).toEqual([422, 200]);
    expect(handled).toEqual(['a']);
  });
});

it('as many are handled at once as batchConcurrency says', async () => {
  const mayEnd = createDeferred();
  const isFull = createDeferred();
  let underWayCount = 0;
  let most = 0;
  const receiver = await start({
    batchConcurrency: 3,
    on: {
      '*': async () => {
        underWayCount += 1;
        most = Math.max(most, underWayCount);
        if (underWayCount === 3) isFull.resolve();
        await mayEnd.promise;
        underWayCount -= 1;
      },
    },
  });
  const responding = receiver.notifyBatch(Array.from({ length: 10 }, (_, index) => booking(index + 1)));
  await isFull.promise;
  mayEnd.resolve();
  expect((await responding).body.results).toHaveLength(10);
  expect(most).toBe(3);
});

it('one that is being handled is 409 in a batch, too', async () => {
  const [hasBegun, mayEnd] = [createDeferred(), createDeferred()];
  const receiver = await start({
    on: {
      '*': async () => {
        hasBegun.resolve();
        await mayEnd.promise;
      },
    },
  });
  const sent = booking(1);
  const first = receiver.notify(sent);
  await hasBegun.promise;
  const inBatch = await receiver.notifyBatch([sent]);
  expect(inBatch.body.results).toMatchObject([{ status: 409, code: 'under-way' }]);
  mayEnd.resolve();
  expect(await first).toMatchObject({ status: 200 });
});

it.each([
  ['no list', {}],
  ['an empty list', { notifications: [] }],
  ['a list by itself', [booking()]],
  ['a notification by itself', booking()],
])('%s is no batch: 400', async (_what, body) => {
  const receiver = await start();
  const response = await fetch(`${receiver.url}/notify/batch`, {
    method: 'POST',
    headers: { authorization: 'Bearer a-token-of-the-tests', 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ code: 'invalid-batch' });
});

it('a batch with too many notifications, or too many bytes, is 413, and a smaller one is taken', async () => {
  const handled: unknown[] = [];
  const receiver = await start({
    maxBatchCount: 3,
    maxBodyBytes: 2_000,
    on: { '*': (notification) => handled.push(notification) },
  });
  const batchOf = (count: number, message = 'm') =>
    Array.from({ length: count }, (_, index) => booking(index + 1, { message }));
  expect(await receiver.notifyBatch(batchOf(4))).toMatchObject({ status: 413, body: { code: 'too-many' } });
  expect(await receiver.notifyBatch(batchOf(2, 'm'.repeat(1_000)))).toMatchObject({
    status: 413,
    body: { code: 'too-large' },
  });
  expect(handled).toEqual([]);
  expect(await receiver.notifyBatch(batchOf(3))).toMatchObject({ status: 200 });
  expect(handled).toHaveLength(3);
});
