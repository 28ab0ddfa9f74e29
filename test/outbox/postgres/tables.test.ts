import { CRMConfigError } from '../../../src/index.js';
import { insertStatement } from '../../../src/outbox/postgres/insert-statement.js';
import { migrationsOf, schemaVersion } from '../../../src/outbox/postgres/schema.js';
import type { ObservedNotifier } from '../../helpers/observed-notifier.js';
import { sampleNotification } from '../../helpers/sample-notification.js';
import { useCrm } from '../../helpers/use-crm.js';
import { describeOnPostgres, usePostgres } from '../../helpers/use-postgres.js';
import {
  book,
  useAppDatabases,
  usePostgresNotifiers,
  type AppDatabase,
  type OnPostgres,
} from '../../helpers/use-postgres-notifiers.js';
import { errorOf } from '../../helpers/use-service.js';
import type { ScriptedCrm } from '../../helpers/scripted-crm.js';

describeOnPostgres('the tables of an outbox in PostgreSQL', () => {
  const createNotifier = usePostgresNotifiers();
  const connectApp = useAppDatabases();
  const startCrm = useCrm();
  const createDatabase = usePostgres();
  let url: string;
  let database: AppDatabase;
  let crm: ScriptedCrm;
  beforeEach(async () => {
    url = await createDatabase();
    [database, crm] = await Promise.all([connectApp(url), startCrm()]);
  });

  const open = (options: Partial<OnPostgres> = {}): ObservedNotifier =>
    createNotifier({ url, baseUrl: crm.url, ...options });
  const tables = async (): Promise<string[]> =>
    (
      await database.rows<{ name: string }>(
        `SELECT schemaname || '.' || tablename AS name FROM pg_tables WHERE tablename LIKE '%outbox%' ORDER BY 1`,
      )
    ).map(({ name }) => name);
  /** What `ready` rejects with; it must be for the developer to mend. */
  const configErrorOf = async ({ ready }: ObservedNotifier): Promise<string> => {
    const error = await errorOf(ready());
    expect(error).toBeInstanceOf(CRMConfigError);
    return error.message;
  };
  /** The statements that an error lists. */
  const sqlIn = (message: string): string => message.slice(message.indexOf('\n') + 1);

  it('are made at the first start, and found at the next', async () => {
    const first = open();
    await book(first, database, 1);
    await first.flush();
    expect(await tables()).toEqual([
      'public.crm_outbox',
      'public.crm_outbox_dead',
      'public.crm_outbox_delivered',
      'public.crm_outbox_minutes',
      'public.crm_outbox_pauses',
      'public.crm_outbox_processes',
      'public.crm_outbox_state',
      'public.crm_outbox_timeline',
      'public.crm_outbox_types',
    ]);
    await first.close();
    const second = open({ migrate: false });
    await book(second, database, 2);
    await second.flush();
    expect(crm.received).toHaveLength(2);
    expect([...first.troubles(), ...second.troubles()]).toEqual([]);
  });

  it('are made once by apps that start together, each of which can write at once', async () => {
    const apps = Array.from({ length: 6 }, () => open());
    await Promise.all(apps.map((app, index) => app.accept(`lane:${String(index)}`)));
    expect(await database.rows('SELECT version FROM crm_outbox_state')).toEqual([{ version: schemaVersion }]);
    await crm.waitFor(6);
    expect(apps.flatMap((app) => app.troubles())).toEqual([]);
  });

  it('of an earlier version are brought up to date, with what waits in them', async () => {
    const [first = []] = migrationsOf({ schema: 'public', name: 'crm_outbox' });
    for (const statement of first) await database.client.query(statement);
    await database.client.query('UPDATE crm_outbox_state SET version = 1');
    const { text, values } = insertStatement({ schema: 'public', name: 'crm_outbox' }, sampleNotification());
    await database.client.query(text, [...values]);
    const app = open();
    await app.flush();
    expect(crm.received).toHaveLength(1);
    expect(await database.rows('SELECT version FROM crm_outbox_state')).toEqual([{ version: schemaVersion }]);
    expect(app.troubles()).toEqual([]);
  });

  it('missing with migrate: false: the start names the SQL, no booking is committed without its row', async () => {
    const app = open({ migrate: false });
    const message = await configErrorOf(app);
    expect(message).toContain('table public.crm_outbox does not exist, and migrate is false');
    expect(message).toContain('crm-notifier migrate');
    const error = await errorOf(book(app, database, 1));
    expect(error).toBeInstanceOf(CRMConfigError);
    expect(await database.bookings()).toEqual([]);
    expect(app.log.at('error')).toMatchObject([{ message: expect.stringContaining('does not exist') }]);
    await app.close();

    // What the error lists is all that is missing.
    await database.client.query(sqlIn(message));
    const mended = open({ migrate: false });
    await book(mended, database, 1);
    await mended.flush();
    expect(crm.received).toHaveLength(1);
  });

  it('missing later: the driver’s own error (42P01) rolls the booking back', async () => {
    const app = open();
    await book(app, database, 1);
    await app.flush();
    await database.client.query('DROP TABLE crm_outbox');
    expect(await errorOf(book(app, database, 2))).toMatchObject({ code: '42P01' });
    expect(await database.bookings()).toEqual([1]);
    await app.hear('outboxFailed');
    expect(app.log.at('error')[0]?.message).toContain('a table of the outbox is missing');
  });

  it('of a newer version are left alone', async () => {
    await open().ready();
    await database.client.query(`UPDATE crm_outbox_state SET version = ${String(schemaVersion + 1)}`);
    const app = open();
    expect(await configErrorOf(app)).toContain('made by a newer version of express-crm-notifier; update this one');
    expect(await errorOf(book(app, database, 1))).toBeInstanceOf(CRMConfigError);
    expect(await database.bookings()).toEqual([]);
    expect(await database.rows('SELECT version FROM crm_outbox_state')).toEqual([{ version: schemaVersion + 1 }]);
  });

  it('with other columns are not used', async () => {
    await open().ready();
    await database.client.query('ALTER TABLE crm_outbox RENAME COLUMN lane TO track');
    expect(await configErrorOf(open())).toContain(
      'does not have the tables and columns it should have; see docs/postgres.md',
    );
  });

  it('with a column dropped while in use: the booking rolls back, and the log says what to do', async () => {
    const app = open();
    await app.ready();
    await database.client.query('ALTER TABLE crm_outbox DROP COLUMN traceparent');
    expect(await errorOf(book(app, database, 1))).toMatchObject({ code: '42703' });
    expect(await database.bookings()).toEqual([]);
    await app.hear('outboxFailed');
    expect(app.log.at('error')[0]?.message).toContain('lacks a column');
  });

  it('are not made over a table of something else', async () => {
    await database.client.query('CREATE TABLE crm_outbox (note text)');
    expect(await configErrorOf(open())).toContain('is a table of something else; name another one');
    expect(await tables()).toEqual(['public.crm_outbox']);
  });

  it('of two apps are apart, also in another schema, which is made', async () => {
    const first = open({ table: 'sales.outbox_1' });
    const second = open({ table: 'outbox_1' });
    await Promise.all([first.ready(), second.ready()]);
    await Promise.all([
      first.hear('delivered', 2),
      second.hear('delivered', 1),
      first.accept('a', 'b'),
      second.accept('c'),
    ]);
    expect([first.told('delivered').length, second.told('delivered').length]).toEqual([2, 1]);
    expect((await first.notifier.processes())?.length).toBe(1);
    expect((await tables()).filter((name) => !name.includes('_1_'))).toEqual(['public.outbox_1', 'sales.outbox_1']);
  });

  const longest = `a${'b'.repeat(39)}`;
  it.each(['order', 'user', longest, `${longest}.${longest}`, '_', 'x1_2'])(
    'can have any name that is allowed: %s',
    async (table) => {
      const app = open({ table });
      await book(app, database, 1);
      await app.accept('lane');
      await app.flush();
      expect(crm.received).toHaveLength(2);
      expect(app.troubles()).toEqual([]);
    },
  );
});

describeOnPostgres('a database that cannot hold an outbox', () => {
  const createNotifier = usePostgresNotifiers();
  const connectApp = useAppDatabases();
  const createDatabase = usePostgres();

  it('because its encoding is LATIN1 is refused, by name', async () => {
    const url = await createDatabase();
    const { client } = await connectApp(url);
    const name = `latin_${new URL(url).pathname.slice(1)}`;
    await client.query(`CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'`);
    const latin = Object.assign(new URL(url), { pathname: `/${name}` }).href;
    const error = await errorOf(createNotifier({ url: latin }).ready());
    expect(error).toBeInstanceOf(CRMConfigError);
    expect(error.message).toContain('in a database whose encoding is not UTF8; make one that is');
  });

  it('because its server is older than 13 is refused, by name', async () => {
    const url = await createDatabase();
    const { client } = await connectApp(url);
    // Found before the server's own function.
    await client.query(`
      CREATE SCHEMA older;
      CREATE FUNCTION older.current_setting(text) RETURNS text LANGUAGE sql AS
        $$ SELECT CASE $1 WHEN 'server_version_num' THEN '120019' ELSE pg_catalog.current_setting($1) END $$;
      ALTER DATABASE ${new URL(url).pathname.slice(1)} SET search_path = older, pg_catalog, public`);
    const error = await errorOf(createNotifier({ url }).ready());
    expect(error).toBeInstanceOf(CRMConfigError);
    expect(error.message).toContain('needs PostgreSQL 13 or newer');
  });

  it('because it is not there is waited for: somebody may be making it', async () => {
    const url = Object.assign(new URL(await createDatabase()), { pathname: '/not_there' }).href;
    const app = createNotifier({ url });
    expect((await errorOf(app.ready())).message).toContain('there is no such database on the server (3D000)');
    expect(app.log.at('error')).toHaveLength(1);
  });
});
