import { setImmediate as turn } from 'node:timers/promises';
import request from 'supertest';
import { afterBooking, afterResponse, type BookingFields, type Mapper } from '../../src/index.js';
import { createDeferred } from '../helpers/deferred.js';
import { expressVersions } from '../helpers/express-versions.js';
import { createOwnedClock } from '../../src/testing/owned-clock.js';
import { useStage, type Stage } from '../helpers/stage.js';

const fields = { bookingId: 456, userId: 123, sessionId: 789 };

describe.each(expressVersions)('a mapper on $version', ({ express }) => {
  const setStage = useStage();

  /** Answers the route's response to the end; then the notification may still be in the making. */
  async function run(mapper: unknown, stage?: Stage): Promise<Stage> {
    const { crm, ...rest } = stage ?? (await setStage());
    const app = express();
    app.use(crm.middleware());
    app.post('/bookings/:id', afterBooking('created', mapper as Mapper<unknown, BookingFields>), (_req, res) =>
      res.status(201).json({ secret: 'Ada' }),
    );
    await request(app).post('/bookings/1').expect(201, { secret: 'Ada' });
    return { crm, ...rest };
  }

  it('is given the body, the request and the response; what it answers is sent', async () => {
    const { posted } = await run(
      (body: { secret: string }, context: { req: { params: unknown }; res: { statusCode: number } }) => ({
        ...fields,
        additionalData: { body, params: context.req.params, status: context.res.statusCode },
      }),
    );
    expect((await posted()).map(({ json }) => json['additional_data'])).toEqual([
      {
        booking_id: 456,
        session_id: 789,
        action: 'created',
        body: { secret: 'Ada' },
        params: { id: '1' },
        status: 201,
      },
    ]);
  });

  it('may be asynchronous', async () => {
    const { posted } = await run(async () => {
      await turn();
      return fields;
    });
    expect(await posted()).toHaveLength(1);
  });

  it('may answer a promise of any make, as query builders do', async () => {
    const { posted } = await run(() => ({
      then: (resolve: (value: unknown) => void) => {
        setImmediate(resolve, fields);
      },
    }));
    expect(await posted()).toHaveLength(1);
  });

  it.each<[string, unknown]>([
    ['undefined', () => undefined],
    ['a promise of undefined', () => Promise.resolve(undefined)],
  ])('that answers %s tells nothing, and nothing is rejected', async (_what, mapper) => {
    const { crm, posted, log } = await run(mapper);
    expect(await posted()).toEqual([]);
    expect(log.lines.slice(1)).toEqual([]);
    expect(await crm.stats()).toMatchObject({ accepted: 0, rejected: 0 });
  });

  const thrown = (): never => {
    throw new TypeError('no room for Ada');
  };
  const hostile = new Proxy(new Error('x'), {
    get: () => thrown(),
    getPrototypeOf: () => thrown(),
  });
  const refusal = 'must return an object with the fields of the notification, or undefined to notify nothing';

  it.each<[string, unknown, RegExp | string]>([
    ['throws', thrown, /^mapper: threw TypeError at .*mapper\.test\.ts:\d+:\d+\)?$/],
    ['rejects', async () => thrown(), /^mapper: rejected with TypeError at .*mapper\.test\.ts:\d+:\d+\)?$/],
    ['throws no error', () => Promise.reject('Ada'), 'mapper: rejected with something that is no Error'], // eslint-disable-line @typescript-eslint/prefer-promise-reject-errors
    [
      'throws what cannot be read',
      () => {
        throw hostile;
      },
      'mapper: threw something that cannot be read',
    ],
    [
      'rejects with what cannot be read',
      () => Promise.reject(hostile),
      'mapper: rejected with something that cannot be read',
    ],
    ['answers null', () => null, `mapper: ${refusal}`],
    ['answers a list', () => [fields], `mapper: ${refusal}`],
    ['answers a text', () => 'Ada', `mapper: ${refusal}`],
    ['answers a function', () => () => fields, `mapper: ${refusal}`],
    ['answers a promise of null', async () => null, `mapper: ${refusal}`],
    ['answers a promise of a promise’s list', async () => Promise.resolve([fields]), `mapper: ${refusal}`],
    ['answers an empty object', () => ({}), /^bookingId, userId: is missing; sessionId: is missing; null says/],
    ['answers a revoked proxy', () => revoked(), /^mapper: threw TypeError|^cannot be read/],
    [
      'answers a then that throws',
      () => Object.defineProperty({}, 'then', { get: thrown }),
      /^mapper: threw TypeError/,
    ],
  ])('case 29: that %s is rejected; the response is untouched', async (_what, mapper, problem) => {
    const { crm, posted, rejected, log } = await run(mapper);
    expect(await posted()).toEqual([]);
    const problems = rejected.map(({ error }) => error.message.replace('notification is not valid: ', ''));
    expect(problems).toEqual([typeof problem === 'string' ? problem : expect.stringMatching(problem)]);
    expect(rejected[0]).toMatchObject({ type: 'booking_created' });
    expect(log.at('warn').map((line) => line.fields['route'])).toEqual(['POST /bookings/:id']);
    expect(log.text()).not.toContain('Ada');
    expect(await crm.stats()).toMatchObject({ accepted: 0, rejected: 1 });
  });

  it('case 29: whose error’s message looks like a stack is not quoted', async () => {
    const { rejected, log } = await run(() => {
      throw new Error('invalid:\n    at home with Ada\n    at 5 Main Street');
    });
    expect(rejected[0]?.error.message).toMatch(/mapper: threw Error at .*mapper\.test\.ts/);
    expect(log.text()).not.toMatch(/Ada|Main Street/);
  });

  it('case 29: that never settles is given up after mapperTimeoutMs, and a late answer changes nothing', async () => {
    const clock = createOwnedClock();
    const answer = createDeferred<BookingFields>();
    const stage = await setStage({ clock, mapperTimeoutMs: 2_000, guarantee: 'after-response' });
    const { crm, posted, rejected } = await run(() => answer.promise, stage);

    await clock.advance(1_999);
    expect(rejected).toEqual([]);
    await clock.advance(1);
    expect(rejected.map(({ error }) => error.message)).toEqual([
      'notification is not valid: mapper: did not settle within mapperTimeoutMs (2000)',
    ]);

    answer.resolve(fields);
    expect(await posted()).toEqual([]);
    expect(await crm.stats()).toMatchObject({ accepted: 0, rejected: 1 });
  });

  it('that answers in time leaves no timer behind', async () => {
    const clock = createOwnedClock();
    const stage = await setStage({ clock });
    // What is reported at the start, and what looks after the outbox, have timers of their own.
    await stage.crm.processes();
    await clock.advance(0);
    const before = clock.timerCount;
    const { posted } = await run(async () => fields, stage);
    expect(await posted()).toHaveLength(1);
    // One more: delivery's own, which looks at its attempts.
    expect(clock.timerCount).toBe(before + 1);
  });

  it('that takes its time does not move the instant of the notification', async () => {
    const clock = createOwnedClock(Date.parse('2026-11-24T01:02:03.004Z'));
    const answer = createDeferred<BookingFields>();
    const { posted } = await run(() => answer.promise, await setStage({ clock, guarantee: 'after-response' }));
    await clock.advance(3_000);
    answer.resolve(fields);
    expect((await posted()).map(({ json }) => json['timestamp'])).toEqual(['2026-11-24T01:02:03.004Z']);
  });

  it('is waited for by flush', async () => {
    const answer = createDeferred<BookingFields>();
    const { crm, scripted } = await run(() => answer.promise);
    const flushed = crm.flush();
    answer.resolve(fields);
    expect(await flushed).toMatchObject({ delivered: 1, pending: 0 });
    expect(scripted.received).toHaveLength(1);
  });

  it('case 23: the snapshot is sent, whatever the app does with the objects afterwards', async () => {
    const { crm, posted } = await setStage();
    const body = {
      bookingId: 456,
      userId: 123,
      sessionId: 789,
      additionalData: { seats: ['A1'], price: { amount: 5 } },
    };
    const app = express();
    app.use(crm.middleware());
    app.post(
      '/',
      afterBooking('created', (answer: typeof body) => answer),
      (_req, res) => {
        res.json(body);
        body.bookingId = 1;
        body.additionalData.seats.push('B2');
        body.additionalData.price.amount = 0;
      },
    );

    await request(app).post('/').expect(200);

    expect((await posted()).map(({ json }) => json['additional_data'])).toEqual([
      { booking_id: 456, session_id: 789, action: 'created', seats: ['A1'], price: { amount: 5 } },
    ]);
  });

  it('cannot change the type or action that the hook names', async () => {
    const { crm, posted } = await setStage();
    const app = express();
    app.use(crm.middleware());
    app.post(
      '/',
      afterBooking('created', () => ({ ...fields, action: 'cancelled' })),
      afterResponse('seen', () => ({ userId: 1, message: 'Seen', notificationType: 'unseen' })),
      (_req, res) => res.json({}),
    );

    await request(app).post('/').expect(200);

    expect((await posted()).map(({ json }) => json['notification_type'])).toEqual(['booking_created', 'seen']);
  });
});

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}
