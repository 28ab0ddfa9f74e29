import { loadPg } from '../../src/outbox/postgres/pg-driver.js';
import { postgresOutbox } from '../../src/outbox/postgres/postgres-outbox.js';
import { connectToServer, type PostgresServer } from '../../src/outbox/postgres/postgres-server.js';
import { describeOnPostgres, usePostgres } from '../helpers/use-postgres.js';
import { objectsIn } from './cli-program.js';
import { runInProcess } from './in-process.js';

describeOnPostgres('crm-notifier migrate', () => {
  const createDatabase = usePostgres();
  let url: string;
  let server: PostgresServer;
  beforeEach(async () => {
    url = await createDatabase();
    const { connection } = postgresOutbox({ connectionString: url });
    server = connectToServer({ pg: loadPg(), connection, mayPrepare: () => false });
  });
  afterEach(() => server.close());
  const migrate = (...args: string[]) => runInProcess(['migrate', '--outbox', url, ...args]);
  const tableNames = async (schema: string): Promise<unknown[]> => {
    const rows = await server.run('SELECT tablename FROM pg_tables WHERE schemaname = $1 ORDER BY 1', [schema]);
    return rows.map(({ tablename }) => tablename);
  };
  const all = ['', '_dead', '_delivered', '_minutes', '_pauses', '_processes', '_state', '_timeline', '_types'].map(
    (ending) => `crm_outbox${ending}`,
  );

  it('creates the tables, once', async () => {
    expect(await migrate()).toMatchObject({ code: 0, stdout: expect.stringContaining('is ready now'), stderr: '' });
    expect(await tableNames('public')).toEqual(all);
    expect(await migrate()).toMatchObject({ code: 0, stdout: expect.stringContaining('was up to date') });
    expect(await runInProcess(['outbox', 'stats', '--outbox', url])).toMatchObject({ code: 0 });
    expect(objectsIn({ ...(await migrate('--json')), signal: null })).toMatchObject([{ isChanged: false }]);
  });

  it('creates the schema of --table, too', async () => {
    const end = await migrate('--table', 'sales.notices', '--json');
    expect(objectsIn({ ...end, signal: null })).toMatchObject([{ isChanged: true }]);
    expect(await tableNames('sales')).toEqual(all.map((name) => name.replace('crm_outbox', 'notices')));
  });

  it('--dry-run changes nothing, and prints SQL that creates the tables', async () => {
    const end = await migrate('--table', 'sales.crm_outbox', '--dry-run');
    expect(end).toMatchObject({ code: 0, stderr: '' });
    expect(await tableNames('sales')).toEqual([]);
    // Several statements at once, as psql or a migration runs them.
    await server.run(end.stdout);
    expect(await tableNames('sales')).toEqual(all);
    const again = await migrate('--table', 'sales.crm_outbox', '--dry-run');
    expect(again).toMatchObject({ code: 0, stdout: '' });
    expect(again.stderr).toMatch(/^Nothing is missing in postgres:.*, table sales\.crm_outbox\.\n$/);
  });

  it('--dry-run --json prints each statement', async () => {
    const [printed] = objectsIn({ ...(await migrate('--dry-run', '--json')), signal: null });
    const sql = printed!['sql'] as string[];
    for (const statement of sql) {
      expect(statement.endsWith(';')).toBe(true);
      await server.run(statement);
    }
    expect(await tableNames('public')).toEqual(all);
    const again = await migrate('--dry-run', '--json');
    expect(objectsIn({ ...again, signal: null })).toMatchObject([{ sql: [] }]);
  });

  it('says what to do when the role may not', async () => {
    await server.run('CREATE ROLE may_nothing LOGIN').catch(() => undefined);
    await server.run('REVOKE CREATE ON SCHEMA public FROM PUBLIC');
    const asNobody = new URL(url);
    asNobody.username = 'may_nothing';
    const end = await runInProcess(['migrate', '--outbox', asNobody.href]);
    expect(end).toMatchObject({ code: 1, stdout: '' });
    expect(end.stderr).toContain('this role may not create or change the tables');
    expect(end.stderr).toContain('--dry-run');
    expect(await tableNames('public')).toEqual([]);
  });

  it('refuses tables of a newer version, and those of something else', async () => {
    await migrate();
    await server.run('UPDATE crm_outbox_state SET version = 99');
    expect((await migrate()).stderr).toContain('made by a newer version of express-crm-notifier');
    expect((await migrate('--dry-run')).code).toBe(1);
    await server.run('DROP TABLE crm_outbox_state');
    expect(await migrate()).toMatchObject({ code: 1, stderr: expect.stringContaining('a table of something else') });
  });
});
