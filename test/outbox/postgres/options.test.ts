import { CRMConfigError, createNotifier } from '../../../src/index.js';
import { connectionOptions } from '../../../src/outbox/postgres/connection-options.js';
import { postgresOutbox } from '../../../src/postgres/index.js';
import { createLogCollector } from '../../helpers/log-collector.js';
import { testToken } from '../../helpers/observed-notifier.js';
import { password } from '../../helpers/use-postgres-notifiers.js';

const url = `postgres://app:${password}@db.internal:5432/bookings`;

function problemOf(make: () => unknown): CRMConfigError {
  try {
    make();
  } catch (error) {
    expect(error).toBeInstanceOf(CRMConfigError);
    expect(`${(error as Error).stack ?? ''}${JSON.stringify(error)}`).not.toContain(password);
    return error as CRMConfigError;
  }
  throw new Error('was not refused');
}

describe('postgresOutbox', () => {
  const tableHint = "or two of them with a dot: 'bookings.crm_outbox'";
  const cases: readonly (readonly [option: string, value: unknown, message: string])[] = [
    ['connectionString', '', 'must be a text that is not empty'],
    ['connectionString', 5, 'must be a text that is not empty'],
    ['connectionString', `app:${password}@db.internal/bookings`, 'must be a URL: postgres://'],
    ['connectionString', `mysql://app:${password}@db.internal/bookings`, 'must be a URL: postgres://'],
    ['connectionString', `postgres://app:${password}@db.internal:port/bookings`, 'must be a URL: postgres://'],
    ['host', '', 'must be a text that is not empty'],
    ['password', () => password, 'functions cannot be passed to the outbox’s thread'],
    ['database', null, 'must be a text that is not empty'],
    ['port', 0, 'must be a whole number from 1 to 65535'],
    ['port', '5432', 'must be a whole number from 1 to 65535'],
    ['port', 65_536, 'must be a whole number from 1 to 65535'],
    ['ssl', 'require', 'must be true, false, or an object with ca, cert, key, servername, rejectUnauthorized'],
    ['ssl', { ca: Buffer.from('x') }, 'must be true, false, or an object with ca'],
    ['ssl', { checkServerIdentity: () => undefined }, 'must be true, false, or an object with ca'],
    ['ssl', [], 'must be true, false, or an object with ca'],
    ['ssl', null, 'must be true, false, or an object with ca'],
    ['migrate', 'false', 'must be true or false'],
    ['table', '', tableHint],
    ['table', 'Outbox', tableHint],
    ['table', 'a.b.c', tableHint],
    ['table', 'outbox; DROP TABLE booking', tableHint],
    ['table', 'x"y', tableHint],
    ['table', 'a'.repeat(41), tableHint],
    ['table', `${'a'.repeat(41)}.b`, tableHint],
    ['table', '.outbox', tableHint],
    ['table', 'pg_mine.outbox', 'A schema must not begin with pg_'],
    ['table', 7, tableHint],
    [
      'tabel',
      'outbox',
      'is not an option; the options are connectionString, host, user, password, database, port, ssl, table, migrate',
    ],
    ['max', 10, 'is not an option; the options are'],
  ];

  it.each(cases)('refuses %s: %p', (option, value, message) => {
    const { issues } = problemOf(() => postgresOutbox({ [option]: value }));
    expect(issues).toEqual([{ path: `postgresOutbox.${option}`, message: expect.stringContaining(message) }]);
  });

  it('names every problem at once', () => {
    const { message } = problemOf(() => postgresOutbox({ port: -1, table: 'A', ssl: 'yes' } as never));
    expect(message).toMatch(/postgresOutbox\.port: .*postgresOutbox\.ssl: .*postgresOutbox\.table: /);
  });

  it.each(['host', 'user', 'database', 'port'] as const)(
    'refuses %s beside a connection string, which pg would ignore',
    (name) => {
      const { issues } = problemOf(() =>
        postgresOutbox({ connectionString: url, [name]: name === 'port' ? 5433 : 'other' }),
      );
      expect(issues).toEqual([
        { path: `postgresOutbox.${name}`, message: 'must be given in connectionString, which is given as well' },
      ]);
    },
  );

  it('returns plain data, which can be cloned, even of frozen options', () => {
    const outbox = postgresOutbox(Object.freeze({ connectionString: url, ssl: Object.freeze({ ca: 'a', key: 'b' }) }));
    expect(structuredClone(outbox)).toEqual(outbox);
  });

  it('takes password and ssl beside a connection string, whatever that says of them', () => {
    const { connection } = postgresOutbox({
      connectionString: `${url}?sslmode=require&application_name=bookings&sslrootcert=/ca.pem`,
      password: 'p&?%+ #',
      ssl: { ca: 'the authority' },
    });
    const { connectionString, ssl } = connectionOptions(connection);
    const { searchParams } = new URL(String(connectionString));
    expect(Object.fromEntries(searchParams)).toEqual({ application_name: 'bookings', password: 'p&?%+ #' });
    expect(ssl).toEqual({ ca: 'the authority' });
  });
});

describe('createNotifier with an outbox in PostgreSQL', () => {
  const make = (outbox: unknown, env: Record<string, string> = {}): unknown =>
    createNotifier({
      outbox: outbox as string,
      authToken: testToken,
      thread: false,
      logger: createLogCollector(),
      env,
    });

  it.each([
    `postgres://app:${password}@db.internal:port/bookings`,
    `postgre://app:${password}@db.internal/bookings`,
    `mysql://app:${password}@db.internal/bookings`,
  ])('refuses a URL that is none of a PostgreSQL, as option and as CRM_OUTBOX, and does not quote it', (wrong) => {
    for (const error of [problemOf(() => make(wrong)), problemOf(() => make(undefined, { CRM_OUTBOX: wrong }))]) {
      expect(error.message).toContain('outbox (CRM_OUTBOX): must be a URL of PostgreSQL');
    }
  });

  it.each([5, {}, { kind: 'postgres' }, () => url])('refuses %p', (wrong) => {
    expect(problemOf(() => make(wrong)).message).toContain(
      "must be the path of a directory, ':memory:', postgresOutbox(…)",
    );
  });
});
