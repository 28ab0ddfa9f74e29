import { Pool } from 'pg';
import { CRMValidationError } from '../../../src/index.js';
import type { ObservedNotifier } from '../../helpers/observed-notifier.js';
import type { ScriptedCrm } from '../../helpers/scripted-crm.js';
import { useCrm } from '../../helpers/use-crm.js';
import { describeOnPostgres, usePostgres } from '../../helpers/use-postgres.js';
import { book, useAppDatabases, usePostgresNotifiers, type AppDatabase } from '../../helpers/use-postgres-notifiers.js';
import { errorOf } from '../../helpers/use-service.js';

const booked = (bookingId: number) => ({ bookingId, userId: 123, sessionId: 789, action: 'created' as const });

describeOnPostgres('notifications in transactions of the app', () => {
  const createNotifier = usePostgresNotifiers();
  const connectApp = useAppDatabases();
  const startCrm = useCrm();
  const createDatabase = usePostgres();
  let url: string;
  let database: AppDatabase;
  let crm: ScriptedCrm;
  let app: ObservedNotifier;
  beforeEach(async () => {
    url = await createDatabase();
    [database, crm] = await Promise.all([connectApp(url), startCrm()]);
    app = createNotifier({ url, baseUrl: crm.url });
    await app.ready();
  });

  const bookingsAtCrm = async (): Promise<number[]> => {
    await app.flush();
    return crm.received.map(({ json }) => Number((json?.['additional_data'] as { booking_id: unknown }).booking_id));
  };

  it('in savepoints that are rolled back are not sent, those around them are', async () => {
    await database.transaction(async (tx) => {
      await app.notifier.in(tx).notifyBooking(booked(1));
      await tx.query('SAVEPOINT attempt');
      await app.notifier.in(tx).notifyBooking(booked(2));
      await tx.query('ROLLBACK TO SAVEPOINT attempt');
      await tx.query('SAVEPOINT another');
      await app.notifier.in(tx).notifyBooking(booked(3));
      await tx.query('RELEASE SAVEPOINT another');
      await app.notifier.in(tx).notifyBooking(booked(4));
    });
    // Each has a lane of its own, so they have no order.
    expect((await bookingsAtCrm()).sort()).toEqual([1, 3, 4]);
  });

  it('that are invalid leave the transaction usable: nothing was executed in it', async () => {
    await database.transaction(async (tx) => {
      const refused = app.notifier.in(tx).notifyBooking({ ...booked(1), bookingId: undefined as never });
      expect(await errorOf(refused)).toBeInstanceOf(CRMValidationError);
      await app.notifier.in(tx).notifyBooking(booked(2));
    });
    expect(await bookingsAtCrm()).toEqual([2]);
    expect(await app.stats()).toMatchObject({ accepted: 1, rejected: 1 });
  });

  it('that are serializable: one of two that collide fails with 40001, is tried again, and is sent once', async () => {
    await database.client.query('CREATE TABLE seat (taken integer)');
    const other = await connectApp(url);
    const begin = 'BEGIN ISOLATION LEVEL SERIALIZABLE';
    const bookSeat = (from: AppDatabase, bookingId: number, meanwhile?: () => Promise<unknown>): Promise<unknown> =>
      from.transaction(async (tx) => {
        await tx.query('SELECT count(*) FROM seat');
        await meanwhile?.();
        await tx.query('INSERT INTO seat VALUES ($1)', [bookingId]);
        await app.notifier.in(tx).notifyBooking(booked(bookingId));
      }, begin);
    const collided = await errorOf(bookSeat(database, 1, () => bookSeat(other, 2)));
    // The driver's own, which the app's own retries know.
    expect(collided).toMatchObject({ code: '40001' });
    await bookSeat(database, 1);
    expect((await bookingsAtCrm()).sort()).toEqual([1, 2]);
  });

  it('that are serializable do not collide at the outbox, nor with its delivery', async () => {
    const pool = new Pool({ connectionString: url, max: 8 });
    const failures: unknown[] = [];
    const bookOne = async (bookingId: number): Promise<void> => {
      const client = await pool.connect();
      try {
        await client.query('BEGIN ISOLATION LEVEL SERIALIZABLE');
        await client.query('INSERT INTO booking VALUES ($1)', [bookingId]);
        await app.notifier.in(client).notifyBooking(booked(bookingId));
        await client.query('COMMIT');
      } catch (error) {
        failures.push(error);
        await client.query('ROLLBACK');
      } finally {
        client.release();
      }
    };
    await Promise.all(Array.from({ length: 80 }, (_, index) => bookOne(index + 1)));
    await pool.end();
    expect(failures).toEqual([]);
    expect(new Set(await bookingsAtCrm()).size).toBe(80);
    expect(app.troubles()).toEqual([]);
  });

  it('arrive in the order of the calls in one transaction', async () => {
    await database.transaction(async (tx) => {
      for (const action of ['created', 'updated', 'cancelled'] as const) {
        await app.notifier.in(tx).notifyBooking({ ...booked(1), action });
      }
    });
    await app.flush();
    expect(crm.received.map(({ json }) => json?.['notification_type'])).toEqual([
      'booking_created',
      'booking_updated',
      'booking_cancelled',
    ]);
  });

  it('arrive in the order in which a row’s lock let them commit, not in that of their beginnings', async () => {
    const other = await connectApp(url);
    await database.client.query('INSERT INTO booking VALUES (1)');
    await database.client.query('BEGIN');
    const late = database.client;
    // It has its snapshot and its id, and began first.
    await late.query('SELECT pg_current_xact_id()');
    await other.transaction(async (tx) => {
      await tx.query('SELECT FROM booking WHERE id = 1 FOR UPDATE');
      await app.notifier.in(tx).notifyBooking(booked(1));
    });
    await late.query('SELECT FROM booking WHERE id = 1 FOR UPDATE');
    await app.notifier.in(late).notifyBooking({ ...booked(1), action: 'cancelled' });
    await late.query('COMMIT');
    await app.flush();
    expect(crm.received.map(({ json }) => json?.['notification_type'])).toEqual([
      'booking_created',
      'booking_cancelled',
    ]);
  });

  it('of a long transaction delay nobody, and are sent once it commits', async () => {
    const long = await connectApp(url);
    await long.client.query('BEGIN');
    await app.notifier.in(long.client).notifyBooking(booked(1));
    for (let bookingId = 2; bookingId <= 21; bookingId += 1) await book(app, database, bookingId);
    await crm.waitFor(20);
    expect(await bookingsAtCrm()).not.toContain(1);
    await long.client.query('COMMIT');
    await crm.waitFor(21);
    expect(await bookingsAtCrm()).toContain(1);
  });

  it('whose connection is lost before the commit are not sent', async () => {
    await database.client.query('BEGIN');
    await app.notifier.in(database.client).notifyBooking(booked(1));
    const other = await connectApp(url);
    const [found] = await database.rows<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    await other.client.query('SELECT pg_terminate_backend($1)', [found?.pid]);
    await errorOf(database.client.query('COMMIT'));
    await book(app, other, 2);
    expect(await bookingsAtCrm()).toEqual([2]);
  });
});
