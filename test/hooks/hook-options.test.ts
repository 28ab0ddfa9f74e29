import { setImmediate as turn } from 'node:timers/promises';
import type { RequestHandler } from 'express';
import request from 'supertest';
import { afterBooking, afterResponse, type BookingFields, type HookOptions } from '../../src/index.js';
import { createDeferred } from '../helpers/deferred.js';
import { expressVersions } from '../helpers/express-versions.js';
import { createOwnedClock } from '../../src/testing/owned-clock.js';
import { inTurn, accept, reply } from '../helpers/scripted-crm.js';
import { useStage, type Stage } from '../helpers/stage.js';

const booking = { id: 456, userId: 123, sessionId: 789 };

describe.each(expressVersions)('options of a hook on $version', ({ express }) => {
  const setStage = useStage();

  async function run(options: HookOptions<BookingFields>, handler: RequestHandler): Promise<Stage> {
    const stage = await setStage();
    const app = express();
    app.use(stage.crm.middleware());
    app.post('/bookings', afterBooking('created', undefined, options), handler);
    await request(app)
      .post('/bookings')
      .redirects(0)
      .ok(() => true);
    return stage;
  }
  const answer =
    (status: number): RequestHandler =>
    (_req, res) =>
      res.status(status).json({ booking });

  describe('status', () => {
    it.each([
      [302, 1],
      [404, 0],
      [201, 1],
    ])('decides which statuses count: %i gives %i with status < 400', async (status, count) => {
      const { posted } = await run({ status: (code) => code < 400 }, answer(status));
      expect(await posted()).toHaveLength(count);
    });

    it('case 26: a redirect counts only if status says so', async () => {
      const redirect: RequestHandler = (_req, res) => {
        res.locals['booking'] = booking;
        res.redirect('/done');
      };
      expect(await (await run({}, redirect)).posted()).toEqual([]);
      expect(await (await run({ status: (code) => code === 302 }, redirect)).posted()).toHaveLength(1);
    });

    it('replaces the default altogether', async () => {
      const { posted } = await run({ status: (code) => code === 409 }, answer(201));
      expect(await posted()).toEqual([]);
    });
  });

  describe('when', () => {
    it.each([
      ['true', 1],
      ['false', 0],
    ])('%s gives %i, and nothing is rejected', async (text, count) => {
      const { posted, rejected } = await run(
        { when: ({ res }) => res.locals['isToBeTold'] as boolean },
        (_req, res) => {
          res.locals['isToBeTold'] = text === 'true';
          res.json({ booking });
        },
      );
      expect(await posted()).toHaveLength(count);
      expect(rejected).toEqual([]);
    });

    it('is not asked when the status is none that counts', async () => {
      let count = 0;
      await run({ when: () => (count += 1) > 0 }, answer(500));
      expect(count).toBe(0);
    });

    it('that says no spares the mapper', async () => {
      const { crm } = await setStage();
      let count = 0;
      const app = express();
      app.use(crm.middleware());
      app.get(
        '/',
        afterResponse('seen', () => void (count += 1), { when: () => false }),
        (_req, res) => res.json({}),
      );
      await request(app).get('/').expect(200);
      expect(count).toBe(0);
    });
  });

  it.each(['status', 'when'])('case 29: %s that throws rejects, and does not blame the mapper', async (option) => {
    const { posted, rejected, log } = await run(
      {
        [option]: () => {
          throw new RangeError('Ada');
        },
      },
      answer(201),
    );
    expect(await posted()).toEqual([]);
    expect(rejected.map(({ error }) => error.message)).toEqual([
      expect.stringMatching(/mapper: has a status or when function that threw RangeError at /),
    ]);
    expect(log.text()).not.toContain('Ada');
  });

  describe('an asynchronous function (A13)', () => {
    it.each<[string, HookOptions<BookingFields>, number, number]>([
      ['status that says no of a 500', { status: async (code) => code < 400 }, 500, 0],
      ['status that says yes', { status: async (code) => code < 400 }, 302, 1],
      ['when that says no', { when: () => turn(false) }, 201, 0],
      ['when that says yes', { when: () => turn(true) }, 201, 1],
      ['when, of a status that counts not', { when: () => turn(true) }, 500, 0],
      ['status, and a when that says no', { status: () => turn(true), when: () => false }, 201, 0],
      ['status and when', { status: () => turn(true), when: () => turn(true) }, 201, 1],
      ['when that answers nothing', { when: async () => undefined as unknown as boolean }, 201, 0],
      [
        'when of another make',
        { when: () => ({ then: (tell: (is: boolean) => void) => tell(false) }) as never },
        201,
        0,
      ],
    ])('%s (%#) is waited for', async (_what, options, status, count) => {
      const { crm, posted, rejected } = await run(options, answer(status));
      expect(await posted()).toHaveLength(count);
      expect(rejected).toEqual([]);
      expect((await crm.stats()).accepted).toBe(count);
    });

    it('when that says no spares the mapper', async () => {
      const { crm } = await setStage();
      let count = 0;
      const app = express();
      app.use(crm.middleware());
      const hook = afterResponse('seen', () => void (count += 1), { when: () => turn(false) });
      app.get('/', hook, (_req, res) => res.json({}));
      await request(app).get('/').expect(200);
      await crm.flush();
      expect(count).toBe(0);
    });

    it('holds the response, and the notification occurred when the route responded', async () => {
      const asked = createDeferred<undefined>();
      const told = createDeferred<boolean>();
      const clock = createOwnedClock();
      const { crm, posted } = await setStage({ clock });
      const app = express();
      app.use(crm.middleware());
      const when = (): Promise<boolean> => {
        asked.resolve(undefined);
        return told.promise;
      };
      app.post('/', afterBooking('created', undefined, { when }), (_req, res) => res.status(201).json({ booking }));
      let isAnswered = false;
      const answered = request(app)
        .post('/')
        .then((response) => {
          isAnswered = true;
          return response;
        });
      await asked.promise;
      const occurredAt = new Date(clock.now()).toISOString();
      await clock.advance(500);
      await turn();
      expect(isAnswered).toBe(false);
      told.resolve(true);
      expect((await answered).status).toBe(201);
      expect((await posted()).map(({ json }) => json['timestamp'])).toEqual([occurredAt]);
    });

    it.each(['status', 'when'])(
      '%s that rejects is told as one that throws; the response is untouched',
      async (option) => {
        const options = { [option]: () => Promise.reject(new RangeError('Ada')) };
        const { posted, rejected, log } = await run(options, answer(201));
        expect(await posted()).toEqual([]);
        expect(rejected.map(({ error }) => error.message)).toEqual([
          expect.stringMatching(/mapper: has a status or when function that rejected with RangeError at /),
        ]);
        expect(log.at('warn')).toHaveLength(1);
        expect(log.text()).not.toContain('Ada');
      },
    );

    it('that never settles is given up after mapperTimeoutMs', async () => {
      const clock = createOwnedClock();
      const { crm, posted, rejected } = await setStage({ clock, mapperTimeoutMs: 2_000, guarantee: 'after-response' });
      const app = express();
      app.use(crm.middleware());
      const never = afterBooking('created', undefined, { when: () => new Promise(() => undefined) });
      app.post('/', never, (_req, res) => res.status(201).json({ booking }));
      await request(app).post('/').expect(201);
      await clock.advance(2_000);
      expect(await posted()).toEqual([]);
      expect(rejected.map(({ error }) => error.message)).toEqual([
        'notification is not valid: mapper: has a status or when function that did not settle within mapperTimeoutMs (2000)',
      ]);
    });
  });

  it.each([undefined, null, 0, ''])('when that returns %p, which is not true, means no (A13)', async (said) => {
    const { posted, rejected } = await run({ when: () => said as unknown as boolean }, answer(201));
    expect(await posted()).toEqual([]);
    expect(rejected).toEqual([]);
  });

  describe('lane', () => {
    it('orders what would otherwise go out side by side', async () => {
      const clock = createOwnedClock();
      const { crm, scripted, posted } = await setStage({ clock });
      scripted.answerWith(inTurn(reply(503), accept));
      const app = express();
      app.use(crm.middleware());
      const hook = afterBooking('created', undefined, { lane: ({ userId }) => `all of ${String(userId)}` });
      app.post('/:id', hook, (req, res) => res.json({ booking: { ...booking, id: req.params.id } }));

      await request(app).post('/first').expect(200);
      await request(app).post('/second').expect(200);

      // The first has failed once and waits; the second is behind it.
      expect((await posted()).map(({ json }) => json['message'])).toEqual(['Booking first created']);
      await clock.advance(1_000);
      await crm.flush();
      expect(scripted.received.map(({ json }) => json?.['message'])).toEqual([
        'Booking first created',
        'Booking first created',
        'Booking second created',
      ]);
    });

    it.each<[string, () => unknown]>([
      ['nothing', () => undefined],
      ['an empty text', () => ''],
      ['a number', () => 5],
      ['257 characters', () => 'x'.repeat(257)],
    ])('that answers %s rejects', async (_what, lane) => {
      const { posted, rejected } = await run({ lane } as HookOptions<BookingFields>, answer(201));
      expect(await posted()).toEqual([]);
      expect(rejected.map(({ error }) => error.message)).toEqual([
        'notification is not valid: lane: must be a string of 1 to 256 characters',
      ]);
    });

    it('case 29: that throws rejects, without quoting', async () => {
      const { rejected, log } = await run(
        {
          lane: () => {
            throw new Error('Ada');
          },
        },
        answer(201),
      );
      expect(rejected.map(({ error }) => error.message)).toEqual([
        expect.stringMatching(/mapper: has a lane function that threw Error at /),
      ]);
      expect(log.text()).not.toContain('Ada');
    });
  });
});
