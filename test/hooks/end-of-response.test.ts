import type { NextFunction, Request, Response } from 'express';
import request from 'supertest';
import { afterBooking, afterResponse } from '../../src/index.js';
import { createDeferred } from '../helpers/deferred.js';
import { expressVersions } from '../helpers/express-versions.js';
import { requestText, sendOverSocket, useServer } from '../helpers/served.js';
import { useStage } from '../helpers/stage.js';

const booking = { id: 456, userId: 123, sessionId: 789 };
const answer500 = (error: unknown, _req: Request, res: Response, next: NextFunction): void => {
  if (res.headersSent) next(error);
  else res.status(500).json({ error: 'failed' });
};

describe.each(expressVersions)('the end of a response on $version', ({ express }) => {
  const setStage = useStage();
  const serve = useServer();

  describe('a client that leaves', () => {
    it('case 25: before the handler answers 201: one notification', async () => {
      const { crm, posted } = await setStage();
      const arrived = createDeferred();
      const answered = createDeferred();
      const app = express();
      app.use(crm.middleware());
      app.post('/bookings', afterBooking('created'), (_req, res) => {
        res.once('close', () => {
          res.status(201).json({ booking });
          answered.resolve();
        });
        arrived.resolve();
      });

      const client = await sendOverSocket(await serve(app), requestText('POST', '/bookings'));
      await arrived.promise;
      client.destroy();
      await answered.promise;

      expect((await posted()).map(({ json }) => json['notification_type'])).toEqual(['booking_created']);
    });

    it('case 25: while a large body is on its way: one notification', async () => {
      const { crm, posted } = await setStage();
      const answered = createDeferred();
      const closed = createDeferred();
      const app = express();
      app.use(crm.middleware());
      app.get(
        '/export',
        afterResponse('export_made', () => ({ userId: 123, message: 'Export made' })),
        (_req, res) => {
          res.once('close', closed.resolve);
          res.send(Buffer.alloc(32 * 1024 * 1024));
          answered.resolve();
        },
      );

      const client = await sendOverSocket(await serve(app), requestText('GET', '/export'));
      await answered.promise;
      client.destroy();
      await closed.promise;

      expect(await posted()).toHaveLength(1);
    });

    it('case 25: while chunks are written, whose handler ends all the same: one notification', async () => {
      const { crm, posted } = await setStage();
      const started = createDeferred();
      const ended = createDeferred();
      const app = express();
      app.use(crm.middleware());
      app.get(
        '/export',
        afterResponse('export_made', () => ({ userId: 123, message: 'Export made' })),
        (_req, res) => {
          res.once('close', () => {
            res.end();
            ended.resolve();
          });
          res.write('first');
          started.resolve();
        },
      );

      const client = await sendOverSocket(await serve(app), requestText('GET', '/export'));
      await started.promise;
      client.destroy();
      await ended.promise;

      expect(await posted()).toHaveLength(1);
    });

    it('from a handler that never ends: no notification', async () => {
      const { crm, posted, rejected } = await setStage();
      const arrived = createDeferred();
      const closed = createDeferred();
      const app = express();
      app.use(crm.middleware());
      app.post('/bookings', afterBooking('created'), (_req, res) => {
        res.once('close', closed.resolve);
        res.write('first');
        arrived.resolve();
      });

      const client = await sendOverSocket(await serve(app), requestText('POST', '/bookings'));
      await arrived.promise;
      client.destroy();
      await closed.promise;

      expect(await posted()).toEqual([]);
      expect(rejected).toEqual([]);
    });
  });

  it('a body that cannot be serialised, from a handler that then never ends: no notification', async () => {
    const { crm, posted, rejected } = await setStage();
    const failed = createDeferred();
    const closed = createDeferred();
    const app = express();
    app.use(crm.middleware());
    app.post('/bookings', afterBooking('created'), (_req, res) => {
      res.once('close', closed.resolve);
      try {
        res.json({ booking, seats: 2n });
      } catch {
        failed.resolve();
      }
    });

    const client = await sendOverSocket(await serve(app), requestText('POST', '/bookings'));
    await failed.promise;
    client.destroy();
    await closed.promise;

    expect(await posted()).toEqual([]);
    expect(rejected).toEqual([]);
  });

  describe('a handler that fails', () => {
    it.each([
      {
        how: 'throws',
        fail: () => {
          throw new Error('no seat');
        },
      },
      {
        how: 'calls next(error)',
        fail: (next: NextFunction) => {
          next(new Error('no seat'));
        },
      },
    ])('case 27: and $how before it answers: no notification', async ({ fail }) => {
      const { crm, posted, rejected } = await setStage();
      const app = express();
      app.use(crm.middleware());
      app.post('/bookings', afterBooking('created'), (_req, _res, next) => {
        fail(next);
      });
      app.use(answer500);

      await request(app).post('/bookings').expect(500, { error: 'failed' });

      expect(await posted()).toEqual([]);
      expect(rejected).toEqual([]);
    });

    it('case 27: after it has answered: exactly one notification', async () => {
      const { crm, posted } = await setStage();
      const app = express();
      app.use(crm.middleware());
      app.post('/bookings', afterBooking('created'), (_req, res) => {
        res.status(201).json({ booking });
        throw new Error('too late');
      });
      app.use(answer500);

      await request(await serve(app).then(({ url }) => url))
        .post('/bookings')
        .catch(() => undefined);

      expect(await posted()).toHaveLength(1);
    });
  });

  it.each([200, 201, 202, 204, 299])('case 26: tells of status %i', async (status) => {
    const { crm, posted } = await setStage();
    const app = express();
    app.use(crm.middleware());
    app.post('/bookings', afterBooking('created'), (_req, res) => {
      res.status(status).json({ booking });
    });

    await request(app).post('/bookings').expect(status);

    expect(await posted()).toHaveLength(1);
  });

  it.each([302, 303, 304, 400, 404, 409, 422, 500, 503])('case 26: does not tell of status %i', async (status) => {
    const { crm, posted, rejected } = await setStage();
    const app = express();
    app.use(crm.middleware());
    app.post('/bookings', afterBooking('created'), (_req, res) => {
      res.status(status).json({ booking });
    });

    await request(app)
      .post('/bookings')
      .redirects(0)
      .ok(() => true);

    expect(await posted()).toEqual([]);
    expect(rejected).toEqual([]);
  });

  it('case 26: the last status set before the end counts', async () => {
    const { crm, posted } = await setStage();
    const app = express();
    app.use(crm.middleware());
    app.post('/bookings', afterBooking('created'), (_req, res) => {
      res.status(201);
      res.status(409).json({ booking });
    });

    await request(app).post('/bookings').expect(409);

    expect(await posted()).toEqual([]);
  });

  it('case 28: `end` twice is one response', async () => {
    const { crm, posted } = await setStage();
    const app = express();
    app.use(crm.middleware());
    app.post('/bookings', afterBooking('created'), (_req, res) => {
      res.locals['booking'] = booking;
      res.end();
      res.end();
    });

    await request(app).post('/bookings').expect(200);

    expect(await posted()).toHaveLength(1);
  });

  it('case 28: `json` twice is one response, and the first body is told', async () => {
    const { crm, posted } = await setStage({ guarantee: 'after-response' });
    const app = express();
    app.use(crm.middleware());
    let second: unknown;
    app.post('/bookings', afterBooking('created'), (_req, res) => {
      res.status(201).json({ booking });
      try {
        res.json({ booking: { ...booking, id: 457 } });
      } catch (error) {
        second = error;
      }
    });

    await request(app).post('/bookings').expect(201, { booking });

    expect(second).toMatchObject({ code: 'ERR_HTTP_HEADERS_SENT' });
    expect((await posted()).map(({ json }) => json['message'])).toEqual(['Booking 456 created']);
  });
});
