import type { RequestHandler } from 'express';
import request from 'supertest';
import { afterBooking, afterEvent } from '../../src/index.js';
import { expressVersions } from '../helpers/express-versions.js';
import { useStage, type Stage } from '../helpers/stage.js';

interface Scene {
  readonly body?: unknown;
  readonly locals?: Record<string, unknown>;
  readonly user?: unknown;
  readonly auth?: unknown;
  readonly path?: string;
  readonly url?: string;
}

const personal = { name: 'Ada', email: 'ada@example.com' };
const soundUser = { id: 123, ...personal };
const soundEvent = { id: 101, title: 'Yoga', start_date: '2026-12-05' };

describe.each(expressVersions)('the default mapping on $version', ({ express }) => {
  const setStage = useStage();

  async function run(hook: RequestHandler, scene: Scene): Promise<Stage> {
    const stage = await setStage();
    const { body = {}, locals = {}, user, auth, path = '/things', url = path } = scene;
    const app = express();
    app.use(stage.crm.middleware());
    app.post(path, hook, (req, res) => {
      Object.assign(req, { user, auth });
      Object.assign(res.locals, locals);
      res.status(201).json(body);
    });
    // The response is untouched whatever comes of the notification.
    await request(app).post(url).expect(201, JSON.stringify(body));
    return stage;
  }

  const toldOfBooking = async (scene: Scene): Promise<Record<string, unknown> | undefined> => {
    const { posted } = await run(afterBooking('created'), scene);
    return (await posted())[0]?.json;
  };
  const toldOfEvent = async (scene: Scene): Promise<Record<string, unknown> | undefined> => {
    const { posted } = await run(afterEvent('updated'), scene);
    return (await posted())[0]?.json;
  };

  const fields = (id: number | string, userId: number | string = 123, sessionId: number | string = 789) => ({
    message: `Booking ${String(id)} created`,
    user_id: userId,
    additional_data: { booking_id: id, session_id: sessionId, action: 'created' },
  });
  const booking = (id: number) => ({ id, userId: 123, sessionId: 789 });

  describe('takes the booking from', () => {
    it.each<[string, Scene, number]>([
      [
        'res.locals.booking before all else',
        { locals: { booking: booking(1) }, body: { booking: booking(2), data: booking(3), ...booking(4) } },
        1,
      ],
      ['body.booking before body.data', { body: { booking: booking(2), data: booking(3), ...booking(4) } }, 2],
      ['body.data before the body', { body: { data: booking(3), ...booking(4) } }, 3],
      ['the body', { body: booking(4) }, 4],
      ['the next source, where one is a list', { body: { booking: [booking(2)], data: booking(3) } }, 3],
      [
        'the next source, where one is null',
        { locals: { booking: null }, body: { booking: null, data: booking(3) } },
        3,
      ],
      ['the next source, where one is a text', { body: { booking: 'booked', data: 'data', ...booking(4) } }, 4],
      ['res.locals.booking, where the body is no object', { locals: { booking: booking(1) }, body: 'created' }, 1],
    ])('%s', async (_where, scene, id) => {
      expect(await toldOfBooking(scene)).toMatchObject(fields(id));
    });
  });

  it.each<[string, Record<string, unknown>, Scene, ReturnType<typeof fields>]>([
    ['id', { id: 1, userId: 123, sessionId: 789 }, {}, fields(1)],
    ['bookingId', { bookingId: 1, userId: 123, sessionId: 789 }, {}, fields(1)],
    ['booking_id', { booking_id: 1, userId: 123, sessionId: 789 }, {}, fields(1)],
    ['id before its aliases', { booking_id: 3, bookingId: 2, id: 1, userId: 123, sessionId: 789 }, {}, fields(1)],
    ['bookingId before booking_id', { booking_id: 2, bookingId: 1, userId: 123, sessionId: 789 }, {}, fields(1)],
    ['an alias, where id is null', { id: null, bookingId: 1, userId: 123, sessionId: 789 }, {}, fields(1)],
    ['user_id', { id: 1, user_id: 123, sessionId: 789 }, {}, fields(1)],
    ['user.id', { id: 1, user: { id: 123 }, sessionId: 789 }, {}, fields(1)],
    [
      'userId before user_id before user.id',
      { id: 1, user: { id: 5 }, user_id: 4, userId: 123, sessionId: 789 },
      {},
      fields(1),
    ],
    ['the body’s user before req.user', { id: 1, user: { id: 123 }, sessionId: 789 }, { user: { id: 5 } }, fields(1)],
    ['req.user.id', { id: 1, sessionId: 789 }, { user: { id: 123 }, auth: { userId: 5, sub: 6 } }, fields(1)],
    ['req.auth.userId', { id: 1, sessionId: 789 }, { auth: { userId: 123, sub: 6 } }, fields(1)],
    ['req.auth.sub', { id: 1, sessionId: 789 }, { auth: { sub: 'auth0|123' } }, fields(1, 'auth0|123')],
    ['session_id', { id: 1, userId: 123, session_id: 789 }, {}, fields(1)],
    ['session.id', { id: 1, userId: 123, session: { id: 789 } }, {}, fields(1)],
    [
      'sessionId before the others',
      { id: 1, userId: 123, session: { id: 3 }, session_id: 2, sessionId: 789 },
      {},
      fields(1),
    ],
    ['req.params.id', { userId: 123, sessionId: 789 }, { path: '/b/:id', url: '/b/1' }, fields('1')],
    ['req.params.bookingId', { userId: 123, sessionId: 789 }, { path: '/b/:bookingId', url: '/b/1' }, fields('1')],
    [
      'req.params.bookingId before req.params.id',
      { userId: 123, sessionId: 789 },
      { path: '/u/:id/b/:bookingId', url: '/u/5/b/1' },
      fields('1'),
    ],
    ['the body before req.params', { id: 1, userId: 123, sessionId: 789 }, { path: '/b/:id', url: '/b/5' }, fields(1)],
  ])('finds %s', async (_what, body, scene, expected) => {
    expect(await toldOfBooking({ ...scene, body })).toMatchObject(expected);
  });

  it.each<[string, Scene, number | string]>([
    ['res.locals.event', { locals: { event: { id: 1 } }, body: { event: { id: 2 }, id: 4 } }, 1],
    ['body.event', { body: { event: { id: 2 }, data: { id: 3 }, id: 4 } }, 2],
    ['body.data', { body: { data: { id: 3 }, id: 4 } }, 3],
    ['the body', { body: { id: 4 } }, 4],
    ['eventId', { body: { eventId: 4, event_id: 5 } }, 4],
    ['event_id', { body: { event_id: 4 } }, 4],
    ['req.params.eventId', { body: {}, path: '/o/:id/e/:eventId', url: '/o/5/e/4' }, '4'],
    ['req.params.id', { body: {}, path: '/e/:id', url: '/e/4' }, '4'],
  ])('finds an event in %s', async (_where, scene, id) => {
    expect(await toldOfEvent({ ...scene, user: { id: 123 } })).toMatchObject({
      notification_type: 'event_updated',
      message: `Event ${String(id)} updated`,
      user_id: 123,
      additional_data: { event_id: id, action: 'updated' },
    });
  });

  describe('F15: finds the booking in', () => {
    const found = { id: 1, userId: 123, sessionId: 789 };
    const other = { id: 9, userId: 9, sessionId: 9 };
    class Reservation {
      readonly #booking = found;
      toJSON(): object {
        return this.#booking;
      }
    }

    it.each<[string, Scene]>([
      ['body.data.booking', { body: { success: true, data: { booking: found, ...other } } }],
      ['body.result.booking, before body.data', { body: { result: { booking: found, ...other }, data: other } }],
      ['body.result, before the body', { body: { success: true, result: found, ...other } }],
      ['an object that has only toJSON', { body: new Reservation() }],
      ['a member that has only toJSON', { body: { data: { booking: new Reservation() } } }],
      ['res.locals.booking with only toJSON', { locals: { booking: new Reservation() }, body: other }],
    ])('%s', async (_where, scene) => {
      expect(await toldOfBooking(scene)).toMatchObject(fields(1));
    });

    it.each<[string, Scene]>([
      ['data.event', { body: { data: { event: { id: 4 } } } }],
      ['result', { body: { success: true, result: { id: 4 } } }],
    ])('an event in %s', async (_where, scene) => {
      expect(await toldOfEvent({ ...scene, user: { id: 123 } })).toMatchObject({ message: 'Event 4 updated' });
    });

    it.each(['sessionId', 'session_id', 'session'])('a booking whose %s is null, so that it has none', async (name) => {
      expect(await toldOfBooking({ body: { id: 1, userId: 123, [name]: null } })).toMatchObject({
        additional_data: { booking_id: 1, session_id: null, action: 'created' },
      });
    });

    it.each<[string, unknown, RegExp]>([
      ['a list', [found], /: the response is an array;/],
      ['text', JSON.stringify(found), /: the response is no object;/],
    ])('not in %s, and says so once for all fields', async (_what, body, why) => {
      const { log, posted } = await run(afterBooking('created'), { body });
      expect(await posted()).toEqual([]);
      const [warning] = log.at('warn');
      expect(warning?.message).toMatch(why);
      expect(warning?.message).toMatch(
        /bookingId, userId, sessionId: not found.*res\.locals\.booking = \{ id, userId, sessionId \}/,
      );
      expect(warning?.message.match(/mapper/g)).toHaveLength(1);
    });

    it('not in a 204, and says that there was no res.json', async () => {
      const { crm, log, posted } = await setStage();
      const app = express();
      app.use(crm.middleware());
      app.delete('/bookings/:id', afterBooking('cancelled'), (_req, res) => res.status(204).end());
      await request(app).delete('/bookings/1').expect(204);
      expect(await posted()).toEqual([]);
      expect(log.at('warn')[0]?.message).toContain(
        'userId, sessionId: not found: the response was made without res.json;',
      );
    });
  });

  describe('F5: takes ids of MongoDB', () => {
    const id = (hex: string) => ({ toHexString: () => hex, toJSON: () => hex });

    it('from _id, as from id', async () => {
      const body = { _id: id('b0'), user: { _id: id('a1') }, session: { _id: id('c2') } };
      expect(await toldOfBooking({ body })).toMatchObject(fields('b0', 'a1', 'c2'));
      expect(await toldOfBooking({ body: { ...body, id: 'mine' } })).toMatchObject(fields('mine', 'a1', 'c2'));
      const signedIn = { body: { _id: id('b0'), session_id: id('c2') }, user: { _id: id('a1') } };
      expect(await toldOfBooking(signedIn)).toMatchObject(fields('b0', 'a1', 'c2'));
    });

    it('into a whole booking record', async () => {
      const body = {
        _id: id('b0'),
        sessionId: id('c2'),
        user: { _id: id('a1'), ...personal },
        event: { _id: id('e4'), title: 'Yoga', startDate: '2026-12-05' },
        facilitatorId: id('d3'),
      };
      expect(await toldOfBooking({ body })).toMatchObject({
        booking_id: 'b0',
        user: { id: 'a1', ...personal },
        event: { id: 'e4', title: 'Yoga' },
        facilitator_id: 'd3',
      });
    });
  });

  describe('takes user, event and facilitator along', () => {
    const complete = { ...booking(1), user: soundUser, event: soundEvent, facilitatorId: 7 };
    const record = { booking_id: 1, user: soundUser, event: soundEvent, facilitator_id: 7 };

    it.each<[string, Record<string, unknown>]>([
      ['all three', complete],
      [
        'by their other names',
        {
          ...booking(1),
          user: soundUser,
          event: { id: 101, title: 'Yoga', startDate: '2026-12-05' },
          facilitator_id: 7,
        },
      ],
      [
        'and nothing else of them',
        { ...complete, user: { ...soundUser, phone: '1' }, event: { ...soundEvent, room: 'B' }, secret: 1 },
      ],
    ])('%s', async (_what, body) => {
      const json = await toldOfBooking({ body });
      expect(json).toEqual({
        notification_id: expect.any(String),
        notification_type: 'booking_created',
        timestamp: expect.any(String),
        ...fields(1),
        ...record,
      });
    });

    it('with a date as the event’s start', async () => {
      const start = new Date('2026-12-05T10:00:00Z');
      const json = await toldOfBooking({
        locals: { booking: { ...complete, event: { id: 101, title: 'Yoga', startDate: start } } },
      });
      expect(json?.['event']).toEqual({ id: 101, title: 'Yoga', start_date: '2026-12-05T10:00:00.000Z' });
    });

    it('of a class too, as an ORM answers them', async () => {
      class Row {
        readonly table = 'rows';

        constructor(values: object) {
          Object.assign(this, values);
        }
      }
      const rows = { ...complete, user: new Row(soundUser), event: new Row(soundEvent) };
      expect(await toldOfBooking({ locals: { booking: new Row(rows) } })).toMatchObject(record);
    });

    it.each<[string, Record<string, unknown>]>([
      ['no user', { ...complete, user: undefined }],
      ['no event', { ...complete, event: undefined }],
      ['no facilitator', { ...complete, facilitatorId: undefined }],
      ['a user without a name', { ...complete, user: { id: 123, email: 'ada@example.com' } }],
      ['a user without an e-mail address', { ...complete, user: { id: 123, name: 'Ada' } }],
      ['a user without an id', { ...complete, userId: 123, user: personal }],
      ['an event without an id', { ...complete, event: { title: 'Yoga', start_date: '2026-12-05' } }],
      ['an event without a title', { ...complete, event: { id: 101, start_date: '2026-12-05' } }],
      ['an event without a start', { ...complete, event: { id: 101, title: 'Yoga' } }],
      ['an unsound facilitator', { ...complete, facilitatorId: -7 }],
      ['a name that is no text', { ...complete, user: { ...soundUser, name: 5 } }],
    ])('or none of them: %s', async (_what, body) => {
      const { posted, rejected } = await run(afterBooking('created'), { body });
      expect((await posted()).map(({ json }) => json)).toEqual([
        {
          notification_id: expect.any(String),
          notification_type: 'booking_created',
          timestamp: expect.any(String),
          ...fields(1),
        },
      ]);
      expect(rejected).toEqual([]);
    });
  });

  it('sends nothing else of the body', async () => {
    const { posted } = await run(afterBooking('created'), {
      body: { booking: { ...booking(1), ...personal, notes: 'allergic to nuts', card: '4111' }, token: 'secret' },
    });
    const [first] = await posted();
    expect(first?.json['additional_data']).toEqual({ booking_id: 1, session_id: 789, action: 'created' });
    expect(first?.text).not.toMatch(/Ada|example|nuts|4111|secret/);
  });

  describe('a field that is missing', () => {
    it('rejects with a warning that names route, field and fix; the response is untouched', async () => {
      const { crm, log, rejected, posted } = await run(afterBooking('created'), {
        body: { booking: { id: 1, ...personal } },
        path: '/rooms/:room/bookings',
        url: '/rooms/blue/bookings',
      });

      expect(await posted()).toEqual([]);
      expect(rejected).toHaveLength(1);
      expect(rejected[0]).toMatchObject({ type: 'booking_created', error: { code: 'ERR_CRM_VALIDATION' } });
      const fix =
        'not found in the response; set res.locals.booking = { id, userId, sessionId } (sessionId: null if it has none) ' +
        'before responding, or give afterBooking a mapper';
      expect(log.at('warn')).toEqual([
        {
          level: 'warn',
          message: `CRM notification rejected: notification is not valid: userId, sessionId: ${fix}`,
          fields: expect.objectContaining({
            route: 'POST /rooms/:room/bookings',
            type: 'booking_created',
            err: expect.any(Error),
          }),
        },
      ]);
      expect(log.at('warn')[0]?.fields['err']).toMatchObject({
        code: 'ERR_CRM_VALIDATION',
        issues: [
          { path: 'userId', message: fix },
          { path: 'sessionId', message: fix },
        ],
      });
      expect(log.text()).not.toMatch(/Ada|example|blue/);
      expect(await crm.stats()).toMatchObject({ accepted: 0, rejected: 1, pending: 0 });
    });

    it('names the event and its hook, for events', async () => {
      const { log, posted } = await run(afterEvent('deleted'), { body: 'gone' });
      await posted();
      expect(log.at('warn')[0]?.message).toMatch(
        /eventId, userId: not found: the response is no object; set res\.locals\.event = \{ id, userId \} .* afterEvent a mapper$/,
      );
    });

    it('names a field that is there but unsound', async () => {
      const { log, rejected } = await run(afterBooking('created'), { body: { id: 1.5, userId: 123, sessionId: 789 } });
      expect(rejected.map(({ error }) => error.message)).toEqual([
        'notification is not valid: bookingId: must be a positive safe integer or a string',
      ]);
      expect(log.at('warn')).toHaveLength(1);
    });

    it('is logged once for each request, with the prefix of the router', async () => {
      const { crm, log } = await setStage();
      const router = express.Router();
      router.post('/:id', afterEvent('updated'), (_req, res) => res.json({}));
      const app = express();
      app.use(crm.middleware());
      app.use('/events', router);

      await request(app).post('/events/1').expect(200);
      await request(app).post('/events/2').expect(200);

      expect(log.at('warn').map((line) => line.fields['route'])).toEqual(['POST /events/:id', 'POST /events/:id']);
    });
  });
});
