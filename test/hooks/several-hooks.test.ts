import type { Request, Response } from 'express';
import request from 'supertest';
import { afterBooking, afterResponse } from '../../src/index.js';
import { expressVersions } from '../helpers/express-versions.js';
import { useStage } from '../helpers/stage.js';

const answer = (req: Request, res: Response): void => {
  res.status(201).json({ booking: { id: req.url, userId: 123, sessionId: 789 } });
};

describe.each(expressVersions)('several hooks, paths and middlewares on $version', ({ express }) => {
  const setStage = useStage();

  it('case 28: a router mounted at two paths: one for each request', async () => {
    const { crm, posted } = await setStage();
    const router = express.Router();
    router.post('/:id', afterBooking('created'), answer);
    const app = express();
    app.use(crm.middleware());
    app.use('/bookings', router);
    app.use('/v2/bookings', router);
    app.use(['/a', '/b'], router);

    for (const path of ['/bookings/1', '/v2/bookings/2', '/a/3', '/b/4']) await request(app).post(path).expect(201);

    expect((await posted()).map(({ json }) => json['message'])).toEqual(
      ['/1', '/2', '/3', '/4'].map((id) => `Booking ${id} created`),
    );
  });

  it('case 28: a router passed through twice by one request: one', async () => {
    const { crm, posted } = await setStage();
    const router = express.Router();
    router.use(afterBooking('created'));
    const app = express();
    app.use(crm.middleware(), router, router);
    app.post('/', answer);

    await request(app).post('/').expect(201);

    expect(await posted()).toHaveLength(1);
  });

  it('case 28: the same hook twice on a route: one', async () => {
    const { crm, posted } = await setStage();
    const hook = afterBooking('created');
    const app = express();
    app.use(crm.middleware());
    app.post('/', hook, hook, answer);

    await request(app).post('/').expect(201);

    expect(await posted()).toHaveLength(1);
  });

  it('case 28: one hook on two routes: one for each of their requests', async () => {
    const { crm, posted } = await setStage();
    const hook = afterBooking('created');
    const app = express();
    app.use(crm.middleware());
    app.post('/a', hook, answer);
    app.post('/b', hook, answer);

    await request(app).post('/a').expect(201);
    await request(app).post('/b').expect(201);

    expect((await posted()).map(({ json }) => json['message'])).toEqual(['Booking /a created', 'Booking /b created']);
  });

  it('case 28: the middleware twice, made once or made twice: one', async () => {
    const { crm, posted } = await setStage();
    const middleware = crm.middleware();
    const app = express();
    app.use(middleware, middleware, crm.middleware());
    app.post('/', afterBooking('created'), answer);

    await request(app).post('/').expect(201);

    expect(await posted()).toHaveLength(1);
  });

  it('two hooks on one route: both, in their order', async () => {
    const { crm, posted } = await setStage();
    const app = express();
    app.use(crm.middleware());
    app.post(
      '/',
      afterBooking('created'),
      afterResponse('seat_taken', () => ({ userId: 123, message: 'Seat taken' })),
      answer,
    );

    await request(app).post('/').expect(201);

    expect((await posted()).map(({ json }) => json['notification_type'])).toEqual(['booking_created', 'seat_taken']);
  });

  it('two hooks with the same words are two hooks', async () => {
    const { crm, posted } = await setStage();
    const app = express();
    app.use(crm.middleware());
    app.post('/', afterBooking('created'), afterBooking('created'), answer);

    await request(app).post('/').expect(201);

    expect(await posted()).toHaveLength(2);
  });

  it('one hook that fails does not keep the other from telling', async () => {
    const { crm, posted, rejected } = await setStage();
    const app = express();
    app.use(crm.middleware());
    const fail = afterResponse('failing', () => {
      throw new Error('failed');
    });
    app.post('/', fail, afterBooking('created'), answer);

    await request(app).post('/').expect(201);

    expect((await posted()).map(({ json }) => json['notification_type'])).toEqual(['booking_created']);
    expect(rejected.map(({ type }) => type)).toEqual(['failing']);
  });
});
