import { eventually } from '../../demo-app/eventually.js';
import type { ObservedNotifier } from '../../helpers/observed-notifier.js';
import { accept, reply, type ScriptedCrm } from '../../helpers/scripted-crm.js';
import { idsOf, useCrm } from '../../helpers/use-crm.js';
import { describeOnPostgres, usePostgres } from '../../helpers/use-postgres.js';
import {
  useAppDatabases,
  usePostgresNotifiers,
  type AppDatabase,
  type OnPostgres,
} from '../../helpers/use-postgres-notifiers.js';

const dayS = 86_400;

describeOnPostgres('an outbox on a server whose clock jumps', () => {
  const createNotifier = usePostgresNotifiers();
  const connectApp = useAppDatabases();
  const startCrm = useCrm();
  const createDatabase = usePostgres();
  let url: string;
  let crm: ScriptedCrm;
  let database: AppDatabase;

  beforeEach(async () => {
    [url, crm] = await Promise.all([createDatabase(), startCrm()]);
    database = await connectApp(url);
    // A clock of the test's, which is found before the server's own, and so many seconds ahead of it.
    await database.client.query(`
      CREATE SCHEMA clock;
      CREATE TABLE clock.ahead (seconds integer);
      INSERT INTO clock.ahead VALUES (0);
      CREATE FUNCTION clock.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
        'SELECT pg_catalog.clock_timestamp() + seconds * interval ''1 second'' FROM clock.ahead';
      CREATE FUNCTION clock.statement_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
        'SELECT clock.clock_timestamp()';
      ALTER DATABASE ${new URL(url).pathname.slice(1)} SET search_path = clock, pg_catalog, public`);
  });

  const jump = (seconds: number): Promise<unknown> =>
    database.client.query('UPDATE clock.ahead SET seconds = seconds + $1', [seconds]);
  const open = (options: Partial<OnPostgres> = {}): ObservedNotifier =>
    createNotifier({
      url,
      baseUrl: crm.url,
      retry: { firstDelayMs: 50, maxDelayMs: 200, maxAgeMs: 3 * 3_600_000 },
      ...options,
    });
  const warnings = ({ log }: ObservedNotifier): string[] => log.at('warn').map(({ message }) => message);
  const isJumpReported = (app: ObservedNotifier): Promise<unknown> =>
    eventually('the jump is reported', () => warnings(app).find((message) => message.includes('has jumped')));

  /** As the table has it, which each process tells every five seconds that it is there. */
  const isLeading = (app: ObservedNotifier): Promise<unknown> =>
    eventually('it is shown to lead', async () => (await app.notifier.processes())?.find(({ isLeader }) => isLeader));

  it('goes by that clock, or the other tests would prove nothing', async () => {
    await jump(dayS);
    const app = open();
    await app.ready();
    await app.accept('a');
    await app.flush();
    const [found] = await database.rows<{ ahead: number }>(
      `SELECT extract(epoch FROM leads_until - pg_catalog.clock_timestamp())::float AS ahead FROM crm_outbox_state`,
    );
    expect(found!.ahead).toBeGreaterThan(dayS - 10);
  });

  it.each([
    ['a day ahead', dayS],
    ['a month ahead', 30 * dayS],
  ])('%s: says so once, lets nothing expire, and delivers', async (_much, seconds) => {
    const app = open();
    crm.answerWith(reply(503));
    const ids = await app.accept('a', 'b');
    await app.hear('retry', 2);
    await jump(seconds);
    await isJumpReported(app);
    const { length } = app.told('retry');
    await app.hear('retry', length + 4);
    expect((await app.stats()).oldestAgeMs).toBeLessThan(3_600_000);
    expect(app.told('dead')).toEqual([]);
    crm.answerWith(accept);
    await app.hear('delivered', 2);
    expect(new Set(idsOf(crm.received))).toEqual(new Set(ids));
    expect(warnings(app).filter((message) => message.includes('has jumped'))).toHaveLength(1);
    await isLeading(app);
  });

  it.each([
    ['an hour back', -3_600],
    ['a day back', -dayS],
  ])(
    '%s: the leader goes on leading, what waits is not kept waiting for that long, and nothing expires',
    async (_much, seconds) => {
      const app = open();
      crm.answerWith(reply(503));
      const ids = await app.accept('a', 'b');
      await app.hear('retry', 2);
      await jump(seconds);
      const { length } = app.told('retry');
      await app.hear('retry', length + 4);
      crm.answerWith(accept);
      ids.push(...(await app.accept('c')));
      await app.hear('delivered', 3);
      expect(new Set(idsOf(crm.received))).toEqual(new Set(ids));
      expect(app.told('dead')).toEqual([]);
      await isLeading(app);
    },
  );

  it('back by a day, and the leader has ended: another one leads all the same', async () => {
    const first = open();
    await first.ready();
    // Its lease seems to hold for a day, as that of one that was killed.
    await database.client.query(`UPDATE public.crm_outbox_state SET leader = gen_random_uuid()`);
    await jump(-dayS);
    const next = open();
    await next.accept('a');
    await crm.waitFor(1);
  });

  it('keeps dead letters for their time, counted from the jump', async () => {
    const app = open({ deadRetentionMs: 3_600_000 });
    crm.answerWith(reply(422));
    await app.accept('a');
    await app.hear('dead');
    await jump(dayS);
    await isJumpReported(app);
    await app.close();
    // Its first upkeep looks for what has expired.
    const next = open({ deadRetentionMs: 3_600_000 });
    await next.ready();
    await eventually('it leads', async () => ((await next.stats()).isDelivering ? true : undefined));
    expect(await next.deadLetters.list()).toHaveLength(1);
  });
});
