import { createOwnedClock } from '../../../src/testing/owned-clock.js';
import { eventually } from '../../demo-app/eventually.js';
import { describeOnOwnPostgres } from '../../helpers/use-postgres.js';
import { book, useAppDatabases } from '../../helpers/use-postgres-notifiers.js';
import { holdMs, useBookingApps } from './booking-app.js';
import { errorOf } from '../../helpers/use-service.js';

const range = (count: number, from = 1): number[] => Array.from({ length: count }, (_, index) => from + index);

describeOnOwnPostgres('while the server of the outbox is away', () => {
  const { server, start } = useBookingApps();
  const connectApp = useAppDatabases();

  it('at the start: the app starts, responses are let go after holdMs, and all is delivered once it is there', async () => {
    const directUrl = await server().createDatabase();
    await server().stop('fast');
    const { app, crm, book, bookingsAtCrm } = await start({ directUrl, isDirect: true });
    const ready = app.ready();
    const tookMs = await book(1, 'a');
    expect(app.log.at('error')[0]?.message).toContain(
      'nothing listens there; see whether the server runs (ECONNREFUSED)',
    );
    expect(tookMs).toBeGreaterThanOrEqual(holdMs * 0.9);
    // After that nothing is held.
    for (const bookingId of range(9, 2)) expect(await book(bookingId, 'a')).toBeLessThan(holdMs);
    expect(await app.stats()).toMatchObject({ unsaved: 10, isOutboxReadable: false });
    await server().start();
    await ready;
    await crm.waitFor(10);
    expect(bookingsAtCrm()).toEqual(range(10));
    expect(app.log.at('error')).toHaveLength(2);
    expect(app.log.at('info').map(({ message }) => message)).toContain('CRM outbox responds again');
  });

  it('for an hour: one line for each kind of work, memory is bounded, and all that was taken is delivered in order', async () => {
    const clock = createOwnedClock();
    const { app, crm, bookingsAtCrm } = await start({ clock, maxUnsaved: { count: 50 } });
    await clock.advanceUntil(app.ready());
    await server().stop('immediate');
    const receipts = [];
    for (let minute = 0; minute < 60; minute += 1) {
      const receipt = app.notifier.notify({
        notificationType: 'booking_created',
        userId: 1,
        message: 'booked',
        additionalData: { booking_id: minute + 1 },
        lane: 'a',
      });
      receipts.push(receipt);
      // Sockets fail by the computer's clock.
      for (let step = 0; step < 12; step += 1) {
        await clock.leap(5_000);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    }
    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(3_600_000);
    const accepted = (await Promise.all(receipts)).filter((receipt) => receipt.accepted);
    expect(accepted).toHaveLength(50);
    expect(app.log.at('error').filter(({ message }) => message.startsWith('CRM outbox: '))).toHaveLength(3);
    expect(app.log.at('warn').filter(({ message }) => message.startsWith('CRM history: '))).toHaveLength(1);
    await server().start();
    await clock.advanceUntil(app.hear('delivered', 50));
    expect(crm.received.length).toBeGreaterThanOrEqual(50);
    expect(bookingsAtCrm()).toEqual(range(50));
  });

  it('restarted with -m immediate again and again while bookings go on: none is lost, of a lane none overtakes', async () => {
    const { app, crm, book: post, bookingsAtCrm } = await start();
    await app.ready();
    let bookingId = 0;
    const goOn = async (until: Promise<unknown>): Promise<void> => {
      const state = { isOver: false };
      void until.finally(() => (state.isOver = true));
      while (!state.isOver) await post((bookingId += 1), 'a');
    };
    for (let round = 0; round < 3; round += 1) {
      await goOn(
        server()
          .stop('immediate')
          .then(() => server().start()),
      );
    }
    const count = bookingId;
    await eventually('all are delivered', () => bookingsAtCrm().length === count || undefined);
    expect(bookingsAtCrm()).toEqual(range(count));
    expect(crm.received.length).toBeGreaterThanOrEqual(count);
    await app.flush();
    expect(await app.stats()).toMatchObject({ pending: 0, dead: 0, unsaved: 0, rejected: 0 });
    await app.close();
  });

  it('bookings in transactions fail with it, and go on with it', async () => {
    const { app, crm, directUrl } = await start();
    const database = await connectApp(directUrl);
    await book(app, database, 1);
    await server().stop('immediate');
    await errorOf(book(app, database, 2));
    await server().start();
    const again = await connectApp(directUrl);
    await book(app, again, 3);
    await crm.waitFor(2);
    expect(await again.bookings()).toEqual([1, 3]);
  });

  it('a commit whose confirmation is lost is tried again under its id, and sent once', async () => {
    const { app, network, directUrl, crm } = await start();
    await app.ready();
    await app.flush();
    const database = await connectApp(directUrl);
    // Its row is committed, and before the network passes that on it is cut.
    await database.client.query(`
      CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.2); RETURN NULL; END $$;
      CREATE CONSTRAINT TRIGGER slowly AFTER INSERT ON crm_outbox DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION slowly()`);
    const accepted = app.accept('a');
    await eventually('the row is being committed', async () => {
      const [found] = await database.rows(`SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'`);
      return found;
    });
    network.silence();
    await eventually('it is committed', async () => (await database.rows('SELECT FROM crm_outbox'))[0]);
    network.restore();
    network.cut();
    const [id] = await accepted;
    await app.flush();
    const ids = crm.received.map(({ json }) => json?.['notification_id']);
    expect(new Set(ids)).toEqual(new Set([id]));
    expect(await database.rows('SELECT FROM crm_outbox')).toEqual([]);
  });
});
