import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { postgresPlaceOf } from '../../../src/cli/outbox/postgres-place.js';
import { openPostgresTables } from '../../helpers/postgres-tables.js';
import { useRawServer } from '../../helpers/raw-server.js';
import { sampleNotification } from '../../helpers/sample-notification.js';
import { useTempDirectory } from '../../helpers/temp-directory.js';
import { describeOnPostgres, usePostgres } from '../../helpers/use-postgres.js';
import { objectsIn } from '../cli-program.js';
import { runInProcess } from '../in-process.js';
import { unknownId } from './outbox-cli.js';

const secret = 'Geheim-0815';

/** Every command that uses an outbox; none changes one that is not there. */
const everyCommand = [
  ['outbox', 'stats'],
  ['outbox', 'list'],
  ['outbox', 'list', '--dead'],
  ['outbox', 'show', unknownId],
  ['outbox', 'show', '71da'],
  ['outbox', 'redeliver', unknownId],
  ['outbox', 'redeliver', '--all', '--yes'],
  ['outbox', 'discard', unknownId],
  ['outbox', 'export'],
  ['deliver'],
  ['send', 'notification', '--type', 'x', '--user-id', '1', '--message', 'm'],
].map((command) => [command.join(' '), command] as const);

/** Runs a command that must fail with one line, which does not have the password. */
async function failed(args: readonly string[], outbox: string): Promise<string> {
  const end = await runInProcess([...args, '--outbox', outbox], { env: { CRM_THREAD: 'false' } });
  expect(end).toMatchObject({ code: 1, stdout: '' });
  const lines = end.stderr.trim().split('\n');
  // `export` says first that what it prints is personal data.
  expect(lines.filter((line) => !line.startsWith('The export holds'))).toHaveLength(1);
  expect(end.stderr).not.toContain(secret);
  return lines.at(-1)!;
}

describe('an outbox in PostgreSQL that a command cannot use', () => {
  const startSilent = useRawServer();

  it.each([...everyCommand, ['migrate', ['migrate']] as const])(
    'is not there, because nothing listens: %s',
    async (_name, args) => {
      const line = await failed(args, `postgres://app:${secret}@127.0.0.1:1/bookings`);
      expect(line).toBe(
        'error: postgres://127.0.0.1:1/bookings, table public.crm_outbox: ' +
          'nothing listens there; see whether the server runs (ECONNREFUSED)',
      );
    },
  );

  it('does not answer: given up within five seconds', async () => {
    const { port } = await startSilent(() => undefined);
    const startedAtMs = performance.now();
    const line = await failed(['outbox', 'stats'], `postgres://app:${secret}@127.0.0.1:${String(port)}/bookings`);
    expect(line).toContain('the server does not respond in time');
    expect(performance.now() - startedAtMs).toBeLessThan(5_000);
  });

  it.each([
    [['--outbox', `postgres://app:${secret}@db:notaport/x`], 'must be a URL: postgres://user:password@host'],
    // The rest of the password would be taken for a path, and the first part for a port.
    [['--outbox', `postgres://app:12/${secret}@db/x`], 'special in a password as %40 for @'],
    [['--outbox', `postgres://app:12#${secret}@db/x`], 'special in a password as %40 for @'],
    [['--outbox', `mysql://app:${secret}@db/x`], 'must be a URL: postgres://'],
    [['--outbox', `postgres://app:${secret}@db/x`, '--table', 'Robert"; DROP'], '--table must be a name of a to z'],
    [['--outbox', `postgres://app:${secret}@db/x`, `--outbux=postgres://app:${secret}@db/x`], 'unknown option'],
    [['--table', 'public.crm_outbox'], '--table needs an outbox in PostgreSQL'],
  ])('%j is wrong usage, and no password is shown', async (args, message) => {
    const end = await runInProcess(['outbox', 'stats', ...args]);
    expect(end).toMatchObject({ code: 2, stdout: '' });
    expect(end.stderr).toContain(message);
    expect(end.stderr).not.toContain(secret);
  });

  it.each([
    ['postgres:///bookings', 'postgres://app:p%2Fw@db:5433/bookings?sslmode=verify-full'],
    ['postgres://', 'postgres://app:p%2Fw@db:5433/sales?sslmode=verify-full'],
    ['postgres://me:pw@h:1/x?sslmode=disable', 'postgres://me:pw@h:1/x?sslmode=disable'],
    ['postgres://me@/x?host=/run/sockets', 'postgres://me@/x?host=/run/sockets'],
  ])('of %s is connected to with what libpq’s variables add to it', (url, whole) => {
    const variables = { PGHOST: 'db', PGPORT: '5433', PGUSER: 'app', PGPASSWORD: 'p/w', PGDATABASE: 'sales' };
    const { outbox } = postgresPlaceOf(url, undefined, { ...variables, PGSSLMODE: 'verify-full' });
    expect(outbox.connection.connectionString).toBe(whole);
  });

  it.each([
    [['migrate'], 'migrate needs an outbox in PostgreSQL'],
    [['send', 'event', '--event-id', '1', '--user-id', '1', '--action', 'x', '--table', 'x'], '--table needs --outbox'],
  ])('%j is wrong usage without one', async (args, message) => {
    const end = await runInProcess(args);
    expect(end).toMatchObject({ code: 2, stdout: '' });
    expect(end.stderr).toContain(message);
  });
});

describeOnPostgres('the outbox in PostgreSQL that a command works on', () => {
  const createDatabase = usePostgres();
  const directory = useTempDirectory();
  let url: string;
  beforeEach(async () => {
    url = await createDatabase();
  });
  const withPassword = (): string => {
    const given = new URL(url);
    given.password = secret;
    return given.href;
  };
  /** Runs statements beside the tables. */
  const runSql = async (...statements: string[]): Promise<void> => {
    const { run, close } = await openPostgresTables(url);
    for (const statement of statements) await run(statement);
    await close();
  };

  it.each(everyCommand)('must have been created: %s', async (_name, args) => {
    const line = await failed(args, withPassword());
    expect(line).toContain(`there is no outbox in ${placeIn(url)}. Create it with crm-notifier migrate`);
  });

  it.each(everyCommand)('must not be of a newer version: %s', async (_name, args) => {
    await runSql('UPDATE crm_outbox_state SET version = 99');
    expect(await failed(args, withPassword())).toContain('made by a newer version of express-crm-notifier');
  });

  it('must be ours', async () => {
    await runSql('DROP TABLE crm_outbox_state');
    expect(await failed(['outbox', 'stats'], url)).toContain('is a table of something else');
  });

  it('must be open to the role', async () => {
    await runSql('CREATE ROLE only_reads LOGIN').catch(() => undefined);
    await runSql('GRANT SELECT ON ALL TABLES IN SCHEMA public TO only_reads');
    const asReader = new URL(url);
    asReader.username = 'only_reads';
    const stats = await runInProcess(['outbox', 'stats', '--outbox', asReader.href]);
    expect(stats).toMatchObject({ code: 0, stderr: '' });
    expect(await failed(['outbox', 'redeliver', '--all', '--yes'], asReader.href)).toContain(
      'the role lacks a right on the tables; docs/postgres.md lists what each needs (42501)',
    );
    await runSql('GRANT DELETE ON crm_outbox_dead TO only_reads', 'GRANT INSERT ON crm_outbox TO only_reads');
    for (const command of ['redeliver', 'discard'])
      expect(await runInProcess(['outbox', command, '--all', '--yes', '--outbox', asReader.href])).toMatchObject({
        code: 0,
      });
  });

  it('may be read-only for what only reads', async () => {
    await runSql();
    const readOnly = `${url}?options=-c%20default_transaction_read_only%3Don`;
    expect(await runInProcess(['outbox', 'stats', '--outbox', readOnly])).toMatchObject({ code: 0 });
    expect(await failed(['outbox', 'discard', unknownId], readOnly)).toContain('the server is read-only');
  });

  it('may have another table, by --table', async () => {
    const other = await openPostgresTables(url, 'sales.notices');
    const notification = sampleNotification();
    await other.append([notification]);
    await other.close();
    const listed = await runInProcess(['outbox', 'list', '--json', '--outbox', url, '--table', 'sales.notices']);
    expect(objectsIn({ ...listed, signal: null })).toMatchObject([{ id: notification.id }]);
    expect(await failed(['outbox', 'list'], url)).toContain('there is no outbox in');
  });

  it('may be named by CRM_OUTBOX and libpq’s variables in the file of variables', async () => {
    await runSql();
    const { hostname, port, username, password, pathname } = new URL(url);
    const variables = {
      CRM_OUTBOX: `postgres://${pathname}`,
      PGHOST: hostname,
      PGPORT: port,
      PGUSER: username,
      PGPASSWORD: password === '' ? secret : password,
    };
    const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
    writeFileSync(join(directory(), '.env'), lines.join('\n'));
    const end = await runInProcess(['outbox', 'stats', '--json'], { cwd: directory() });
    expect(end).toMatchObject({ code: 0, stderr: '' });
    expect(objectsIn({ ...end, signal: null })).toMatchObject([{ outbox: placeIn(url), pending: 0 }]);
    expect(end.stdout).not.toContain(secret);
  });

  it('is shown by stats with the processes that use it, and which of them leads', async () => {
    const stats = async (...args: string[]) => runInProcess(['outbox', 'stats', '--outbox', url, ...args]);
    await runSql();
    expect((await stats()).stdout).toMatch(/\ndead {5}0\nleader {3}none: nobody delivers\n$/);
    const leaderId = unknownId;
    await runSql(
      `INSERT INTO crm_outbox_processes (id, name, pid, started_at) VALUES
         ('${leaderId}', 'web-1\u001b[31m', 4711, clock_timestamp() - interval '4 minutes'),
         (gen_random_uuid(), 'web-2', 4712, clock_timestamp() - interval '2 hours')`,
      `INSERT INTO crm_outbox_types SELECT 900000, floor(extract(epoch FROM now()) / 900) * 900000, 'crm', 'event_updated', 5, 3, 2, 1`,
      `UPDATE crm_outbox_state SET leader = '${leaderId}', leads_until = clock_timestamp() + interval '1 minute'`,
    );
    const { stdout } = await stats();
    expect(stdout).toContain('\nleader   web-1, process 4711\n\n');
    expect(stdout).toMatch(
      /\nMACHINE {2}PROCESS {2}RUNNING FOR {2}LEADS\nweb-2 {4}4712 {5}2 hours {6}no\nweb-1 {4}4711 {5}4 minutes {4}yes\n\nACCEPTED {2}DELIVERED {2}RETRIED {2}DEAD {2}TARGET {2}TYPE, IN THE PAST DAY\n5 {9}3 {10}2 {8}1 {5}crm {5}event_updated\n$/,
    );
    const [shown] = objectsIn({ ...(await stats('--json')), signal: null });
    expect(shown).toMatchObject({
      processes: [
        { name: 'web-2', pid: 4712, isLeader: false },
        { id: leaderId, pid: 4711, startedAt: expect.stringMatching(/^\d{4}-.*Z$/), isLeader: true },
      ],
      types: [{ target: 'crm', type: 'event_updated', accepted: 5, delivered: 3, retried: 2, dead: 1 }],
    });
  });

  it('shows ages by the server’s clock', async () => {
    const { append, run, close } = await openPostgresTables(url);
    await append([sampleNotification()]);
    await run(`UPDATE crm_outbox SET accepted_at = clock_timestamp() - interval '3 hours'`);
    await close();
    const run1 = (command: string) => runInProcess(['outbox', command, '--outbox', url]);
    expect((await run1('stats')).stdout).toContain('the oldest for 3 hours');
    expect((await run1('list')).stdout).toContain('3 hours ago');
  });
});

/** As the commands show it. */
function placeIn(url: string): string {
  const { host, pathname } = new URL(url);
  return `postgres://${host}${pathname}, table public.crm_outbox`;
}
