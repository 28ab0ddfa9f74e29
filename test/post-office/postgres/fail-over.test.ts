import { eventually } from '../../demo-app/eventually.js';
import { describeWithStandby, useStandby } from '../../helpers/postgres-standby.js';
import { useAppDatabases } from '../../helpers/use-postgres-notifiers.js';
import { useBookingApps } from './booking-app.js';

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => 1 + index);

describeWithStandby('an outbox whose server is replicated', () => {
  const { server, start } = useBookingApps();
  const connectApp = useAppDatabases();
  const startStandby = useStandby();

  it('goes on at the standby once that is promoted and has its name: none is lost, of a lane none overtakes', async () => {
    const { app, network, crm, directUrl, book, bookingsAtCrm } = await start();
    await app.ready();
    const standby = await startStandby(server());
    // What waits while it fails over, and what is on its way.
    crm.answerWith((_received, res) => void setTimeout(() => res.end('{}'), 20));
    let bookingId = 0;
    const state = { isOver: false };
    const posting = (async () => {
      while (!state.isOver) await book((bookingId += 1), 'a');
    })();
    await crm.waitFor(3);
    await server().kill();
    await standby.promote();
    network.leadTo(standby.port);
    const { length } = crm.received;
    await crm.waitFor(length + 3);
    state.isOver = true;
    await posting;
    await eventually('all are delivered', () => bookingsAtCrm().length === bookingId || undefined);
    expect(bookingsAtCrm()).toEqual(range(bookingId));
    expect(await app.stats()).toMatchObject({ rejected: 0, dead: 0 });
    const { rows } = await connectApp(standby.urlOf(directUrl));
    await app.flush();
    expect(await rows('SELECT FROM crm_outbox')).toEqual([]);
    await app.close();
  });

  it('at a hot standby says that it is read-only, once for each kind of work, and delivers once it is promoted', async () => {
    const { app: first, directUrl } = await start();
    await first.ready();
    await first.close();
    const standby = await startStandby(server());
    const { app, crm, book, bookingsAtCrm } = await start({ directUrl: standby.urlOf(directUrl), isDirect: true });
    await app.ready();
    await book(1);
    await app.hear('outboxFailed', 2);
    const lines = app.log.at('error').map(({ message }) => message);
    for (const line of lines)
      expect(line).toMatch(/the server is read-only; it may be a replica. Connect to the primary|holdMs/);
    expect(await app.stats()).toMatchObject({ isDelivering: false, isOutboxReadable: true, unsaved: 1 });
    await server().kill();
    await standby.promote();
    await crm.waitFor(1);
    expect(bookingsAtCrm()).toEqual([1]);
    expect(app.log.at('error').length).toBeLessThanOrEqual(4);
    await app.close();
  });
});
