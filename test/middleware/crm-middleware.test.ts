import request from 'supertest';
import { afterBooking, type RequestNotifier } from '../../src/index.js';
import { expressVersions } from '../helpers/express-versions.js';
import { useStage } from '../helpers/stage.js';

const booking = { bookingId: 456, userId: 123, sessionId: 789 };

describe.each(expressVersions)('the middleware on $version', ({ express }) => {
  const setStage = useStage();

  it('puts a request’s own notifier at res.locals.crm, and the shared one in it', async () => {
    const { crm } = await setStage();
    const seen: RequestNotifier[] = [];
    const app = express();
    app.use(crm.middleware());
    app.get('/', (_req, res) => {
      seen.push(res.locals.crm);
      res.end();
    });

    await request(app).get('/').expect(200);
    await request(app).get('/').expect(200);

    expect(seen.map(({ notifier }) => notifier)).toEqual([crm, crm]);
    expect(seen[0]).not.toBe(seen[1]);
  });

  it('reaches routers and mounted apps', async () => {
    const { crm, posted } = await setStage();
    const inner = express();
    inner.post(
      '/:id',
      afterBooking('created', ({ id }: { id: string }) => ({ ...booking, bookingId: id })),
      (req, res) => res.json({ id: req.params.id }),
    );
    const app = express();
    app.use(crm.middleware());
    app.use('/app', inner);
    app.use('/router', express.Router().use(inner));

    await request(app).post('/app/1').expect(200);
    await request(app).post('/router/2').expect(200);

    expect((await posted()).map(({ json }) => json['message'])).toEqual(['Booking 1 created', 'Booking 2 created']);
  });

  it('lets a handler notify by itself, and wait for the receipts', async () => {
    const { crm, posted } = await setStage();
    const app = express();
    app.use(crm.middleware());
    app.post('/', async (_req, res) => {
      // Taken off it, as they often are.
      const { notify, notifyBooking, notifyEvent } = res.locals.crm;
      res.json(
        await Promise.all([
          notifyBooking({ ...booking, action: 'created' }),
          notifyEvent({ eventId: 101, userId: 123, action: 'updated' }),
          notify({ notificationType: 'seen', userId: 123, message: 'Seen' }),
          notify({ notificationType: 'seen', userId: -1, message: 'Seen' }),
        ]),
      );
    });

    const { body } = await request(app).post('/').expect(200);

    const told = await posted();
    expect(told.map(({ json }) => json['notification_type'])).toEqual(['booking_created', 'event_updated', 'seen']);
    expect(body).toEqual([
      ...told.map(({ json }) => ({ accepted: true, id: json['notification_id'], isStored: true })),
      { accepted: false, error: expect.objectContaining({ code: 'ERR_CRM_VALIDATION' }) },
    ]);
  });

  it('of the notifier that was mounted last is the one that hooks tell', async () => {
    const first = await setStage();
    const second = await setStage();
    const app = express();
    app.use(first.crm.middleware(), second.crm.middleware());
    app.post(
      '/',
      afterBooking('created', () => booking),
      (_req, res) => res.json({}),
    );

    await request(app).post('/').expect(200);

    expect(await first.posted()).toEqual([]);
    expect(await second.posted()).toHaveLength(1);
  });
});
