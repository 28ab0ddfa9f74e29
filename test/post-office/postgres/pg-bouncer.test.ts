import { createOwnedClock } from '../../../src/testing/owned-clock.js';
import { eventually } from '../../demo-app/eventually.js';
import { describeOnPgBouncer, usePgBouncer } from '../../helpers/pg-bouncer.js';
import { useCrm } from '../../helpers/use-crm.js';
import { usePostgres } from '../../helpers/use-postgres.js';
import { book, useAppDatabases, usePostgresNotifiers } from '../../helpers/use-postgres-notifiers.js';

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => 1 + index);

describeOnPgBouncer('an outbox behind PgBouncer in transaction mode', () => {
  const createNotifier = usePostgresNotifiers();
  const connectApp = useAppDatabases();
  const startCrm = useCrm();
  const startPgBouncer = usePgBouncer();
  const createDatabase = usePostgres();

  it('works by polling: in transactions and without, several processes, and says so once', async () => {
    const directUrl = await createDatabase();
    const url = await startPgBouncer(directUrl);
    const crm = await startCrm();
    const one = createNotifier({ url, baseUrl: crm.url });
    const other = createNotifier({ url, baseUrl: crm.url });
    const warnings = (): string[] => [one, other].flatMap(({ log }) => log.at('warn').map(({ message }) => message));
    const database = await connectApp(url);
    await Promise.all([one.ready(), other.ready()]);
    for (const bookingId of range(10)) await book(bookingId % 2 === 0 ? one : other, database, bookingId);
    await other.accept(...range(10).map(String));
    await crm.waitFor(20);
    expect((await one.notifier.processes())?.filter(({ isLeader }) => isLeader)).toHaveLength(1);
    // Proving takes three seconds, and the leader tries again later.
    await eventually('it is warned of', () => warnings()[0]);
    for (const bookingId of range(10)) await book(one, database, bookingId + 10);
    await crm.waitFor(30);
    expect(new Set(crm.received.map(({ json }) => json?.['notification_id'])).size).toBe(30);
    expect(warnings()).toEqual([
      expect.stringMatching(/^CRM outbox: LISTEN hears nothing, as behind a pooler in transaction mode/),
    ]);
    // Prepared statements would collide on the connections that they share.
    expect([...one.troubles(), ...other.troubles()]).toEqual([]);
  });

  it('hears what another process announces where it connects to the server itself, before it would look', async () => {
    const url = await createDatabase();
    const crm = await startCrm();
    const clock = createOwnedClock();
    const leader = createNotifier({ url, baseUrl: crm.url, clock });
    await clock.advanceUntil(leader.ready());
    const other = createNotifier({ url, baseUrl: crm.url });
    await other.ready();
    // Its proof, and what else there is at the start.
    const { client } = await connectApp(url);
    await eventually('the leader listens', async () => {
      await clock.advance(1);
      return (await client.query(`SELECT FROM pg_stat_activity WHERE query LIKE 'LISTEN%'`)).rows[0] as unknown;
    });
    await clock.advance(1_000);
    await other.accept('a');
    const sinceMs = clock.monotonicMs();
    await eventually('it is delivered', async () => {
      await clock.advance(1);
      return crm.received[0];
    });
    expect(clock.monotonicMs() - sinceMs).toBeLessThan(200);
    await clock.advance(10_000);
    expect(leader.log.at('warn')).toEqual([]);
  });
});
