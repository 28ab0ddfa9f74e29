import { postgresOutbox } from '../../../src/postgres/index.js';
import { useNotifiers, type ObservedNotifier } from '../../helpers/observed-notifier.js';
import { useCrm } from '../../helpers/use-crm.js';
import { describeOnPostgres, usePostgres } from '../../helpers/use-postgres.js';
import { book, password, useAppDatabases, withPassword } from '../../helpers/use-postgres-notifiers.js';
import { errorOf } from '../../helpers/use-service.js';
import { useBuiltPrograms } from '../../post-office/built-program.js';

const variables = ['PGHOST', 'PGPORT', 'PGUSER', 'PGPASSWORD', 'PGDATABASE'];

describeOnPostgres('an outbox in PostgreSQL by variables', () => {
  const create = useNotifiers();
  const connectApp = useAppDatabases();
  const startCrm = useCrm();
  const createDatabase = usePostgres();
  const before = Object.fromEntries(variables.map((name) => [name, process.env[name]]));
  afterEach(() => {
    for (const name of variables) {
      if (before[name] === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = before[name];
    }
  });

  const deliversFrom = async (app: ObservedNotifier, url: string): Promise<void> => {
    const database = await connectApp(url);
    await book(app, database, 1);
    await app.hear('delivered');
    expect(await database.rows('SELECT leader IS NOT NULL AS leads FROM crm_outbox_state')).toEqual([{ leads: true }]);
    expect(app.log.text()).not.toContain(password);
  };

  it('is where CRM_OUTBOX says, as a URL, without any code', async () => {
    const [url, crm] = [await createDatabase(), await startCrm()];
    const app = create({ outbox: undefined, env: { CRM_OUTBOX: withPassword(url), CRM_BASE_URL: crm.url } });
    await deliversFrom(app, url);
    // Where it is, and nothing else of the URL.
    const { host, pathname } = new URL(url);
    const place = `postgres://${host}${pathname}, table public.crm_outbox`;
    expect(app.log.lines.map(({ fields }) => fields['outbox'])).toContain(place);
  });

  it('is where the PG… variables say, for what the options leave open', async () => {
    const [url, crm] = [await createDatabase(), await startCrm()];
    const { hostname, port, username, password: own, pathname } = new URL(withPassword(url));
    const values = [hostname, port, username, decodeURIComponent(own), 'not_this_one'];
    variables.forEach((name, index) => {
      process.env[name] = values[index];
    });
    await deliversFrom(create({ outbox: postgresOutbox({ database: pathname.slice(1) }), baseUrl: crm.url }), url);
  });

  it('takes a password of its own beside the URL, and a wrong one is not shown', async () => {
    const url = await createDatabase();
    const { client } = await connectApp(url);
    const role = `role_${String(process.pid)}_${String(Date.now())}`;
    await client.query(`CREATE ROLE ${role} SUPERUSER LOGIN PASSWORD '${password}'`);
    const bare = Object.assign(new URL(url), { username: role, password: '' }).href;
    const app = create({ outbox: postgresOutbox({ connectionString: bare, password }) });
    await app.ready();
    await app.close();
    await client.query(`ALTER ROLE ${role} NOLOGIN`);
    const refused = create({ outbox: postgresOutbox({ connectionString: bare, password }) });
    const { message } = await errorOf(refused.ready());
    expect(message).toBe('PostgreSQL: the server refuses the user or the password (28000)');
    expect(refused.log.text()).not.toContain(password);
    await refused.close();
    await client.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  });
});

describe('an outbox in PostgreSQL without the package pg', () => {
  const run = useBuiltPrograms();

  it('stops the start, with a thread and without, and says how to mend that', async () => {
    const program = run({ file: 'start-without-pg.cjs', args: [`postgres://app:${password}@127.0.0.1:1/bookings`] });
    expect(await program.ended).toEqual({ code: 0, signal: null, stderr: '' });
    const refusal =
      'ERR_CRM_CONFIG configuration is not valid: outbox (CRM_OUTBOX): in PostgreSQL needs the package pg beside this one: npm install pg';
    expect(program.lines).toEqual([refusal, refusal]);
  });

  it('does not need it for an outbox in a file or in memory', async () => {
    const program = run({ file: 'start-without-pg.cjs', args: [':memory:'] });
    await program.said('started', 2);
    program.kill('SIGKILL');
  });
});
