import express, { type RequestHandler } from 'express';
import request from 'supertest';
import { afterBooking, afterEvent, CRMConfigError, createNotifier, type Notifier } from '../../src/index.js';
import { createLogCollector } from '../helpers/log-collector.js';
import { testToken } from '../helpers/observed-notifier.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { useCrm } from '../helpers/use-crm.js';
import { describeOnPostgres, usePostgres } from '../helpers/use-postgres.js';
import { useAppDatabases, usePostgresNotifiers, type AppDatabase } from '../helpers/use-postgres-notifiers.js';
import { useStage } from '../helpers/stage.js';
import { errorOf } from '../helpers/use-service.js';
import type { ObservedNotifier } from '../helpers/observed-notifier.js';
import { reply, type ScriptedCrm } from '../helpers/scripted-crm.js';

const booked = (bookingId: number) => ({ bookingId, userId: 123, sessionId: 789, action: 'created' as const });
const bookingOf = (bookingId: number) => ({ id: bookingId, userId: 123, sessionId: 789 });

/** An app with one route: `POST /bookings/:id`. */
function appWith(notifier: Notifier, ...handlers: RequestHandler[]): express.Express {
  const app = express();
  app.use(notifier.middleware());
  app.post('/bookings/:id', ...handlers);
  app.use(
    ((_error, _req, res, _next) => void res.status(500).json({ error: 'failed' })) as express.ErrorRequestHandler,
  );
  return app;
}

describeOnPostgres('a hook whose route notifies in a transaction', () => {
  const createPostgresNotifier = usePostgresNotifiers();
  const connectApp = useAppDatabases();
  const startCrm = useCrm();
  const createDatabase = usePostgres();
  let database: AppDatabase;
  let crm: ScriptedCrm;
  let app: ObservedNotifier;
  beforeEach(async () => {
    const url = await createDatabase();
    [database, crm] = await Promise.all([connectApp(url), startCrm()]);
    app = createPostgresNotifier({ url, baseUrl: crm.url });
  });

  const typesAtCrm = async (): Promise<unknown[]> => {
    await app.flush();
    return crm.received.map(({ json }) => json?.['notification_type']);
  };
  /** Books in a transaction; tells the CRM in it unless told not to, and fails after that if told to. */
  const bookInTransaction: RequestHandler = async (req, res) => {
    const bookingId = Number(req.params['id']);
    await database.transaction(async (tx) => {
      await tx.query('INSERT INTO booking VALUES ($1)', [bookingId]);
      if (req.query['plain'] === undefined) await res.locals.crm.in(tx).notifyBooking(booked(bookingId));
      if (req.query['fail'] !== undefined) throw new Error('the session is full');
    });
    res.status(201).json(bookingOf(bookingId));
  };

  it('stands back: the CRM is told once, with the id that the transaction got', async () => {
    let written: string | undefined;
    const routes = appWith(app.notifier, afterBooking('created'), async (req, res) => {
      const bookingId = Number(req.params['id']);
      const { id } = await database.transaction((tx) => res.locals.crm.in(tx).notifyBooking(booked(bookingId)));
      written = id;
      res.status(201).json(bookingOf(bookingId));
    });
    await request(routes).post('/bookings/1').expect(201);
    expect(await typesAtCrm()).toEqual(['booking_created']);
    expect(crm.received[0]?.json).toMatchObject({ notification_id: written });
    expect(crm.received[0]?.headers['idempotency-key']).toBe(written);
    const counts = { target: 'crm', type: 'booking_created', accepted: 1, delivered: 1, retried: 0, dead: 0 };
    expect(await app.notifier.countsByType(Date.now() - 60_000)).toEqual([counts]);
    expect(app.log.at('warn')).toEqual([]);
  });

  it('stands back also where the shared notifier was used, which does not know the request', async () => {
    const routes = appWith(app.notifier, afterBooking('created'), async (req, res) => {
      const bookingId = Number(req.params['id']);
      await database.transaction((tx) => app.notifier.in(tx).notifyBooking(booked(bookingId)));
      res.status(201).json(bookingOf(bookingId));
    });
    await request(routes).post('/bookings/1').expect(201);
    await request(routes).post('/bookings/2').expect(201);
    expect(await typesAtCrm()).toEqual(['booking_created', 'booking_created']);
    expect(app.log.at('warn')).toEqual([]);
  });

  it('tells of a booking though the shared notifier wrote of another one, or of this one before the request', async () => {
    await database.transaction((tx) => app.notifier.in(tx).notifyBooking(booked(1)));
    const routes = appWith(app.notifier, afterBooking('created'), async (req, res) => {
      await database.transaction((tx) => app.notifier.in(tx).notifyBooking(booked(7)));
      res.status(201).json(bookingOf(Number(req.params['id'])));
    });
    await request(routes).post('/bookings/1').expect(201);
    await app.flush();
    expect(crm.received.map(({ json }) => json?.['message']).sort()).toEqual([
      'Booking 1 created',
      'Booking 1 created',
      'Booking 7 created',
    ]);
  });

  it('stands back only where its own type was written: the route’s other hooks tell as ever', async () => {
    const routes = appWith(
      app.notifier,
      afterBooking('created'),
      afterEvent('updated', () => ({ eventId: 5, userId: 123 })),
      bookInTransaction,
    );
    await request(routes).post('/bookings/1').expect(201);
    expect((await typesAtCrm()).sort()).toEqual(['booking_created', 'event_updated']);
    expect(app.log.at('warn')).toEqual([]);
  });

  it('tells nothing of a transaction that was rolled back with a 500', async () => {
    const routes = appWith(app.notifier, afterBooking('created'), bookInTransaction);
    await request(routes).post('/bookings/1?fail').expect(500);
    await request(routes).post('/bookings/2').expect(201);
    expect(await typesAtCrm()).toEqual(['booking_created']);
    expect(crm.received[0]?.json).toMatchObject({ additional_data: { booking_id: 2 } });
    expect(await database.bookings()).toEqual([2]);
  });

  it('stands back when the route rolls back and responds 2xx all the same', async () => {
    const routes = appWith(app.notifier, afterBooking('created'), async (_req, res) => {
      const rolledBack = database.transaction(async (tx) => {
        await res.locals.crm.in(tx).notifyBooking(booked(1));
        throw new Error('the session is full');
      });
      await errorOf(rolledBack);
      res.status(200).json({ ...bookingOf(1), isWaiting: true });
    });
    await request(routes).post('/bookings/1').expect(200);
    expect(await typesAtCrm()).toEqual([]);
  });

  it('holds the response of a request that did not until its notification is committed', async () => {
    crm.answerWith(reply(503, '', { 'retry-after': '60' }));
    const routes = appWith(app.notifier, afterBooking('created'), bookInTransaction);
    await request(routes).post('/bookings/1?plain').expect(201);
    expect(await database.rows('SELECT type FROM crm_outbox')).toEqual([{ type: 'booking_created' }]);
  });

  it('tells as before where the request did not, and warns of it once', async () => {
    const routes = appWith(app.notifier, afterBooking('created'), bookInTransaction);
    await request(routes).post('/bookings/1?plain').expect(201);
    expect(app.log.at('warn')).toEqual([]);
    await request(routes).post('/bookings/2').expect(201);
    await request(routes).post('/bookings/3?plain').expect(201);
    await request(routes).post('/bookings/4?plain').expect(201);
    expect(await typesAtCrm()).toHaveLength(4);
    expect(app.log.at('warn')).toMatchObject([
      {
        fields: { type: 'booking_created', route: 'POST /bookings/:id' },
        message: expect.stringContaining('res.locals.crm.in(tx)'),
      },
    ]);
  });

  it('does not warn of a response that tells nothing anyway', async () => {
    const routes = appWith(app.notifier, afterBooking('created'), bookInTransaction);
    await request(routes).post('/bookings/1').expect(201);
    await request(routes).post('/bookings/1?plain').expect(500);
    expect(await typesAtCrm()).toHaveLength(1);
    expect(app.log.at('warn')).toEqual([]);
  });

  it('tells of a request whose write was refused, if its route lets it succeed without one', async () => {
    const routes = appWith(app.notifier, afterBooking('created'), async (_req, res) => {
      const refused = res.locals.crm.in(database.client).notifyBooking(booked(1));
      expect((await errorOf(refused)).message).toContain('BEGIN');
      res.status(201).json(bookingOf(1));
    });
    await request(routes).post('/bookings/1').expect(201);
    expect(await typesAtCrm()).toEqual(['booking_created']);
  });
});

describe('crm.in(tx) without PostgreSQL', () => {
  const setStage = useStage();
  const directory = useTempDirectory();
  /** A transaction, as far as can be told; it must not be used. */
  const run = jest.fn(() => Promise.resolve());

  it('notifies at once with an outbox in memory, so that tests of an app need no server', async () => {
    const { crm, posted } = await setStage();
    const { id } = await crm.in(run).notifyBooking(booked(1));
    expect(await posted()).toMatchObject([{ json: { notification_id: id } }]);
    expect(run).not.toHaveBeenCalled();
  });

  it('stands back in memory, too', async () => {
    const { crm, posted } = await setStage();
    const routes = appWith(crm, afterBooking('created'), async (_req, res) => {
      await res.locals.crm.in(run).notifyBooking(booked(1));
      res.status(201).json(bookingOf(1));
    });
    await request(routes).post('/bookings/1').expect(201);
    expect(await posted()).toHaveLength(1);
  });

  it('rejects with an outbox in a file, and names what to use instead', async () => {
    const log = createLogCollector();
    const crm = createNotifier({ outbox: directory(), authToken: testToken, thread: false, logger: log, env: {} });
    const error = await errorOf(crm.in(run).notifyBooking(booked(1)));
    expect(error).toBeInstanceOf(CRMConfigError);
    expect(error.message).toContain('postgresOutbox({ connectionString })');
    expect(error.message).toContain('express-crm-notifier/postgres');
    expect(run).not.toHaveBeenCalled();
    await crm.close();
  });
});
