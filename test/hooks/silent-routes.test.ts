import type { RequestHandler } from 'express';
import request from 'supertest';
import { afterBooking } from '../../src/index.js';
import { expressVersions } from '../helpers/express-versions.js';
import { useStage } from '../helpers/stage.js';

const booking = { id: 456, userId: 123, sessionId: 789 };

describe.each(expressVersions)('a route whose hook notifies nothing, on $version', ({ express }) => {
  const setStage = useStage();

  const redirect: RequestHandler = (_req, res) => {
    res.locals['booking'] = booking;
    res.redirect(303, '/done');
  };

  it('F2: that redirects is warned of once, with the fix', async () => {
    const { crm, log, posted } = await setStage();
    const app = express();
    app.use(crm.middleware());
    app.post('/bookings', afterBooking('created'), redirect);
    for (let count = 0; count < 2; count += 1) await request(app).post('/bookings').redirects(0).expect(303);
    expect(await posted()).toEqual([]);
    expect(log.at('warn')).toEqual([
      {
        level: 'warn',
        fields: { type: 'booking_created', route: 'POST /bookings', requestId: undefined },
        message:
          "afterBooking('created') notifies nothing, because its route responded 303. If that is a success, say so " +
          '({ status: (status) => status < 400 }), and set res.locals.booking or give a mapper: a redirect has no body. ' +
          'If not, say that ({ status: (status) => status < 300 }). This is logged once',
      },
    ]);
  });

  it('F2: the fix works, and either of the two silences the warning', async () => {
    const { crm, log, posted } = await setStage();
    const app = express();
    app.use(crm.middleware());
    app.post('/bookings', afterBooking('created', undefined, { status: (status) => status < 400 }), redirect);
    app.post('/drafts', afterBooking('created', undefined, { status: (status) => status < 300 }), redirect);
    await request(app).post('/bookings').redirects(0).expect(303);
    await request(app).post('/drafts').redirects(0).expect(303);
    expect(await posted()).toHaveLength(1);
    expect(log.at('warn')).toEqual([]);
  });

  it('F2: a route that only reads may redirect, and a 304 is no redirect', async () => {
    const { crm, log } = await setStage();
    const app = express();
    app.use(crm.middleware());
    app.get('/bookings', afterBooking('created'), redirect);
    app.post('/unchanged', afterBooking('created'), (_req, res) => res.status(304).end());
    await request(app).get('/bookings').redirects(0).expect(303);
    await request(app).post('/unchanged').expect(304);
    expect(log.at('warn')).toEqual([]);
  });

  it('F14: that has responded before the hook runs is warned of once', async () => {
    const { crm, log, posted } = await setStage();
    const app = express();
    app.use(crm.middleware());
    const handler: RequestHandler = (_req, res, next) => {
      res.status(201).json({ booking });
      next();
    };
    app.post('/bookings', handler, afterBooking('created'), () => undefined);
    for (let count = 0; count < 2; count += 1) await request(app).post('/bookings').expect(201, { booking });
    expect(await posted()).toEqual([]);
    expect(log.at('warn').map(({ message }) => message)).toEqual([
      "afterBooking('created') runs after its route has responded, so it notifies nothing: set it before the handler",
    ]);
  });
});
