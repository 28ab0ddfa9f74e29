import { Writable } from 'node:stream';
import type { RequestHandler } from 'express';
import { pinoHttp } from 'pino-http';
import request from 'supertest';
import { afterBooking } from '../../src/index.js';
import { expressVersions } from '../helpers/express-versions.js';
import { useStage } from '../helpers/stage.js';

/** pino-http writing into a list of its lines. */
function logInto(lines: Record<string, unknown>[]): RequestHandler {
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString('utf8')) as Record<string, unknown>);
      done();
    },
  });
  return pinoHttp({ autoLogging: false, level: 'debug', genReqId: (req) => `request-of-${req.url}` }, stream);
}

describe.each(expressVersions)('the log of a request on $version', ({ express }) => {
  const setStage = useStage();
  const badMapper = (): never => {
    throw new TypeError('Ada');
  };

  it('is pino-http’s, where the app has it', async () => {
    const { crm, log } = await setStage();
    const lines: Record<string, unknown>[] = [];
    const app = express();
    app.use(logInto(lines), crm.middleware());
    app.post('/bookings', afterBooking('created', badMapper), (_req, res) => res.json({}));

    await request(app).post('/bookings').expect(200);

    expect(lines).toEqual([
      expect.objectContaining({
        level: 40,
        req: expect.objectContaining({ id: 'request-of-/bookings', method: 'POST' }),
        route: 'POST /bookings',
        type: 'booking_created',
        err: expect.objectContaining({ code: 'ERR_CRM_VALIDATION' }),
        msg: expect.stringMatching(/^CRM notification rejected: notification is not valid: mapper: threw TypeError/),
      }),
    ]);
    // pino-http has said which request it is.
    expect(lines[0]).not.toHaveProperty('requestId');
    expect(log.at('warn')).toEqual([]);
  });

  it('is pino-http’s for what a handler tells by itself, too', async () => {
    const { crm, log } = await setStage();
    const lines: Record<string, unknown>[] = [];
    const app = express();
    app.use(crm.middleware(), logInto(lines));
    app.post('/', async (_req, res) => {
      await res.locals.crm.notify({ notificationType: 'seen', userId: 0, message: 'Seen' });
      await res.locals.crm.notify({ notificationType: 'seen', userId: 1, message: 'Seen' });
      res.end();
    });

    await request(app).post('/').expect(200);

    expect(lines.map(({ level, req }) => [level, (req as { id: string }).id])).toEqual([
      [40, 'request-of-/'],
      [20, 'request-of-/'],
    ]);
    expect(log.at('warn')).toEqual([]);
  });

  it('is the notifier’s with the request’s id, where only an id is there', async () => {
    const { crm, log } = await setStage();
    const app = express();
    app.use((req, _res, next) => {
      Object.assign(req, { id: 'abc-1' });
      next();
    }, crm.middleware());
    app.post('/bookings', afterBooking('created', badMapper), (_req, res) => res.json({}));

    await request(app).post('/bookings').expect(200);

    expect(log.at('warn').map(({ fields }) => fields)).toEqual([
      expect.objectContaining({ requestId: 'abc-1', route: 'POST /bookings' }),
    ]);
  });

  it.each<[string, PropertyDescriptor]>([
    ['is no logger', { value: { info: 'yes' } }],
    [
      'cannot be read',
      {
        get: () => {
          throw new Error('no log');
        },
      },
    ],
  ])('is the notifier’s, where req.log %s', async (_what, descriptor) => {
    const { crm, log, rejected } = await setStage();
    const app = express();
    app.use((req, _res, next) => {
      Object.defineProperty(req, 'log', descriptor);
      next();
    }, crm.middleware());
    app.post('/bookings', afterBooking('created', badMapper), async (_req, res) => {
      const receipt = await res.locals.crm.notify({ notificationType: 'seen', userId: 0, message: 'Seen' });
      res.json({ accepted: receipt.accepted });
    });

    await request(app).post('/bookings').expect(200, { accepted: false });

    expect(rejected).toHaveLength(2);
    expect(log.at('warn')).toHaveLength(2);
  });

  it('case 33: that throws is survived and counted', async () => {
    const { crm, posted } = await setStage();
    const broken = (): never => {
      throw new Error('disk full');
    };
    const app = express();
    app.use((req, _res, next) => {
      Object.assign(req, { log: { debug: broken, info: broken, warn: broken, error: broken } });
      next();
    }, crm.middleware());
    app.post(
      '/',
      afterBooking('created', badMapper),
      afterBooking('created', () => ({ bookingId: 1, userId: 2, sessionId: 3 })),
      (_req, res) => res.json({}),
    );

    await request(app).post('/').expect(200);

    expect(await posted()).toHaveLength(1);
    // The warning of the first, the debug line of the second.
    expect(await crm.stats()).toMatchObject({ accepted: 1, rejected: 1, observerFailures: 2 });
  });
});
