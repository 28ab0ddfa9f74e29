import { CRMConfigError, type Issue } from '../../core/errors.js';

/** Where the outbox is in a PostgreSQL server (13 or newer), and how to connect. What is not given is read from `PG…` variables. */
export interface PostgresOutboxOptions {
  /**
   * `postgres://user:password@host:port/database`, with libpq's parameters, such as `?sslmode=verify-full`. Beside it only
   * `password` and `ssl` can be given, which then replace what it says.
   * @example 'postgres://app:secret@db.internal:5432/bookings'
   */
  readonly connectionString?: string | undefined;
  /** @default PGHOST, then localhost */
  readonly host?: string | undefined;
  /** @default PGPORT, then 5432 */
  readonly port?: number | undefined;
  /** @default PGUSER, then the user of the process */
  readonly user?: string | undefined;
  /** Text, because functions cannot be passed to the thread. @default PGPASSWORD, then the file `.pgpass` */
  readonly password?: string | undefined;
  /** @default PGDATABASE, then the user's name */
  readonly database?: string | undefined;
  /** Whether to use TLS, or TLS options that are plain data. @default PGSSLMODE, or what the connection string says */
  readonly ssl?: boolean | PostgresTls | undefined;
  /**
   * The table that notifications are kept in, with its schema. Its dead letters, lease and processes are in tables beside it:
   * `crm_outbox_dead`, `crm_outbox_state`, `crm_outbox_processes`. Apps that share a table share one outbox.
   * @default 'public.crm_outbox'
   */
  readonly table?: string | undefined;
  /**
   * Whether to create the tables, or bring them up to date, at the start. If false, they are only checked; create them with
   * `crm-notifier migrate`.
   * @default true
   */
  readonly migrate?: boolean | undefined;
}

/** TLS options as plain data: https://nodejs.org/api/tls.html#tlsconnectoptions-callback */
export interface PostgresTls {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly servername?: string | undefined;
  /** @default true */
  readonly rejectUnauthorized?: boolean | undefined;
}

/** An outbox in PostgreSQL, as `createNotifier({ outbox })` takes it. Plain data. */
export interface PostgresOutbox {
  readonly kind: 'postgres';
  /** As pg takes it. It may hold the password, so it is never logged. */
  readonly connection: PostgresConnection;
  readonly table: TableName;
  readonly migrate: boolean;
}

export type PostgresConnection = Pick<
  PostgresOutboxOptions,
  'connectionString' | 'host' | 'port' | 'user' | 'password' | 'database' | 'ssl'
>;

export interface TableName {
  readonly schema: string;
  readonly name: string;
}

export const defaultTable = 'public.crm_outbox';

/** PostgreSQL cuts longer names off, and ours get endings. */
const maxNameLength = 40;
const namePattern = `([a-z_][a-z0-9_]{0,${String(maxNameLength - 1)}})`;
const tablePattern = new RegExp(`^(?:(?!pg_)${namePattern}\\.)?${namePattern}$`);

const texts = ['connectionString', 'host', 'user', 'password', 'database'] as const;
const optionNames: readonly string[] = [...texts, 'port', 'ssl', 'table', 'migrate'];
/** pg would ignore these beside a URL. */
const partsOfUrl = ['host', 'port', 'user', 'database'] as const;
const tlsTexts = ['ca', 'cert', 'key', 'servername'] as const;

/**
 * Describes an outbox in PostgreSQL, for `createNotifier({ outbox })`. Connects to nothing.
 *
 * Throws `CRMConfigError`, with every problem, when an option is not valid.
 *
 * @example
 * const crm = createNotifier({ outbox: postgresOutbox({ connectionString: process.env.DATABASE_URL }) });
 */
export function postgresOutbox(options: PostgresOutboxOptions = {}): PostgresOutbox {
  const issues: Issue[] = [];
  const problem = (name: string, message: string): void => {
    issues.push({ path: `postgresOutbox.${name}`, message });
  };
  for (const name of Object.keys(options)) {
    if (!optionNames.includes(name)) problem(name, `is not an option; the options are ${optionNames.join(', ')}`);
  }
  for (const name of texts) {
    const value: unknown = options[name];
    if (value === undefined || (typeof value === 'string' && value !== '')) continue;
    problem(name, 'must be a text that is not empty; functions cannot be passed to the outbox’s thread');
  }
  const { connectionString, port, ssl, table = defaultTable, migrate = true } = options;
  for (const name of connectionString === undefined ? [] : partsOfUrl) {
    if (options[name] !== undefined) problem(name, 'must be given in connectionString, which is given as well');
  }
  if (typeof connectionString === 'string' && connectionString !== '' && !isPostgresUrl(connectionString)) {
    problem('connectionString', connectionProblem);
  }
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65_536)) {
    problem('port', 'must be a whole number from 1 to 65535');
  }
  if (ssl !== undefined && !isTls(ssl)) {
    problem('ssl', `must be true, false, or an object with ${[...tlsTexts, 'rejectUnauthorized'].join(', ')}`);
  }
  if (typeof migrate !== 'boolean') problem('migrate', 'must be true or false');
  const tableName = readTableName(table);
  if (tableName === undefined) problem('table', tableProblem);
  if (tableName === undefined || issues.length > 0) throw new CRMConfigError(issues);
  const { host, user, password, database } = options;
  return {
    kind: 'postgres',
    // A copy of the TLS options, because pg changes them.
    connection: {
      connectionString,
      host,
      port,
      user,
      password,
      database,
      ssl: typeof ssl === 'object' ? { ...ssl } : ssl,
    },
    table: tableName,
    migrate,
  };
}

const connectionProblem =
  'must be a URL: postgres://user:password@host:port/database. Write what is special in a password as %40 for @';

/** Schema and name of a table; undefined if the text is no name that can be used, see `tableProblem`. */
export function readTableName(text: unknown): TableName | undefined {
  const [, schema = 'public', name] = (typeof text === 'string' ? tablePattern.exec(text) : null) ?? [];
  return name === undefined ? undefined : { schema, name };
}

export const tableProblem =
  `must be a name of a to z, 0 to 9 and _ with at most ${String(maxNameLength)} characters, ` +
  "or two of them with a dot: 'bookings.crm_outbox'. A schema must not begin with pg_, as the server’s own do";

function isTls(value: unknown): boolean {
  if (typeof value === 'boolean') return true;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.entries(value).every(([name, part]) =>
    name === 'rejectUnauthorized'
      ? ['boolean', 'undefined'].includes(typeof part)
      : tlsTexts.some((text) => text === name) && ['string', 'undefined'].includes(typeof part),
  );
}

/** Whether a text is the URL of a PostgreSQL server; one without a host, for a Unix socket, is as well. */
export function isPostgresUrl(text: string): boolean {
  const wholeHost = text.replace('@/', '@socket/');
  if (!/^postgres(?:ql)?:\/\//.test(text) || !URL.canParse(wholeHost)) return false;
  const { pathname, hash } = new URL(wholeHost);
  // After a / or # in a password, the rest of it would be taken for a path, and shown.
  return hash === '' && !pathname.includes('@');
}

export function isPostgresOutbox(value: unknown): value is PostgresOutbox {
  const { kind, connection, table } = (value ?? {}) as Partial<PostgresOutbox>;
  return kind === 'postgres' && typeof connection === 'object' && typeof table === 'object';
}

/** Where it is, without user and password, for people: `postgres://db.internal:5432/bookings, table public.crm_outbox`. */
export function placeOf({ connection, table }: PostgresOutbox): string {
  return `${serverOf(connection)}, table ${table.schema}.${table.name}`;
}

function serverOf({ connectionString, host, port, database }: PostgresConnection): string {
  if (connectionString !== undefined) {
    const { protocol, host: place, pathname } = new URL(connectionString.replace('@/', '@socket/'));
    return `${protocol}//${place}${pathname}`;
  }
  if (host === undefined && database === undefined) return 'PostgreSQL of the PG… variables';
  return `postgres://${host ?? 'localhost'}${port === undefined ? '' : `:${String(port)}`}/${database ?? ''}`;
}
