import { startFakeCrm, type FakeCrm } from '../../../src/testing/index.js';
import type { ObservedNotifier } from '../../helpers/observed-notifier.js';
import { describeOnPostgres, usePostgres } from '../../helpers/use-postgres.js';
import { useAppDatabases, usePostgresNotifiers, type AppDatabase } from '../../helpers/use-postgres-notifiers.js';

describeOnPostgres('an outbox in PostgreSQL that somebody else handles', () => {
  const createPostgresNotifier = usePostgresNotifiers();
  const connectApp = useAppDatabases();
  const createDatabase = usePostgres();
  let url: string;
  let crm: FakeCrm;
  let database: AppDatabase;
  let other: AppDatabase;
  let app: ObservedNotifier;
  beforeEach(async () => {
    url = await createDatabase();
    crm = await startFakeCrm();
    [database, other] = await Promise.all([connectApp(url), connectApp(url)]);
    app = createPostgresNotifier({ url, baseUrl: crm.url, authToken: crm.token });
    await app.ready();
  });
  afterEach(() => crm.close());

  const notify = (lane: string) =>
    app.notifier.notify({ notificationType: 'told', userId: 1, message: 'm', lane }).then((receipt) => {
      if (!receipt.accepted) throw receipt.error;
      return receipt.id;
    });
  const idsAtCrm = (): unknown[] => crm.received.map(({ headers }) => headers['idempotency-key']);
  const pendingIds = async (): Promise<unknown[]> =>
    (await database.rows<{ id: string }>('SELECT id FROM crm_outbox ORDER BY seq')).map(({ id }) => id);

  it('delivers other lanes while somebody holds a lock on one row, and that one once', async () => {
    crm.script({ status: 503, delayMs: 300 });
    const locked = await notify('a');
    await crm.waitForRequests(1);
    await other.client.query('BEGIN');
    await other.client.query('SELECT FROM crm_outbox WHERE id = $1 FOR UPDATE', [locked]);
    const free = [await notify('b'), await notify('c')];
    await crm.waitForRequests(3, { timeoutMs: 8_000 });
    expect(idsAtCrm().slice(1).sort()).toEqual(free.sort());
    await other.client.query('COMMIT');
    await crm.waitForRequests(4, { timeoutMs: 8_000 });
    expect(idsAtCrm()[3]).toBe(locked);
    await app.flush();
    expect(await pendingIds()).toEqual([]);
    expect(crm.received).toHaveLength(4);
  });

  it('goes on after all its tables were emptied, as tests and restores of data do', async () => {
    await other.client.query(
      'TRUNCATE crm_outbox, crm_outbox_dead, crm_outbox_state, crm_outbox_processes, crm_outbox_minutes, crm_outbox_pauses, crm_outbox_timeline, crm_outbox_delivered, crm_outbox_types',
    );
    const first = await notify('a');
    await crm.waitForRequests(1, { timeoutMs: 10_000 });
    expect(idsAtCrm()).toEqual([first]);
    await app.close();
    const next = createPostgresNotifier({ url, baseUrl: crm.url, authToken: crm.token });
    await next.ready();
    expect(await next.stats()).toMatchObject({ isDelivering: true });
  });

  it('delivers beside rows for a target that nobody delivers to, and rows with odd instants', async () => {
    const insert = (lane: string, more: string, values: string) =>
      other.client.query(
        `INSERT INTO crm_outbox (id, target, type, lane, occurred_at, body${more})
         SELECT gen_random_uuid(), ${values} FROM generate_series(1, 100) n`.replace('LANE', lane),
      );
    await insert('x', '', `'other', 't', 'LANE', 1, '{}'`);
    await insert('parked', ', due_at', `'crm', 't', 'LANE', 1, '{}', 'infinity'`);
    await insert('future', ', accepted_at', `'crm', 't', 'LANE' || n, 1, '{}', 'infinity'`);
    await insert('past', ', accepted_at', `'crm', 't', 'LANE' || n, 1, '{}', '-infinity'`);
    const good = await notify('a');
    await crm.waitForRequests(201, { timeoutMs: 15_000 });
    expect(idsAtCrm()).toContain(good);
    await app.flush();
    const [left] = await database.rows<{ lanes: string }>(
      `SELECT string_agg(DISTINCT lane, ',') AS lanes FROM crm_outbox`,
    );
    expect(left?.lanes).toBe('parked,x');
    expect(app.log.at('error').filter(({ message }) => message.startsWith('CRM outbox'))).toEqual([]);
  });

  it('reads what has the ids of transactions that are still to come, as after a restore, once', async () => {
    await other.client.query(
      `INSERT INTO crm_outbox (id, target, type, lane, occurred_at, body, xid)
       SELECT gen_random_uuid(), 'crm', 't', CASE WHEN n <= 900 THEN 'long' ELSE 'lane ' || n END, 1, '{}',
              (pg_current_xact_id()::text::bigint + 1000000)::text::xid8 FROM generate_series(1, 1000) n`,
    );
    const good = await notify('a');
    await crm.waitForRequests(1_001, { timeoutMs: 15_000 });
    expect(idsAtCrm()).toContain(good);
    expect(new Set(idsAtCrm()).size).toBe(1_001);
  });
});
