import { CRMConfigError } from '../../core/errors.js';

export type SqliteValue = string | number | Uint8Array | null;
export type SqliteRow = Readonly<Record<string, unknown>>;

export interface SqliteStatement {
  run(...values: SqliteValue[]): { readonly changes: number | bigint; readonly lastInsertRowid: number | bigint };
  get(...values: SqliteValue[]): unknown;
  all(...values: SqliteValue[]): unknown[];
}

/** The part of SQLite's synchronous API that this package uses; Node and the stand-in package agree on it. */
export interface SqliteDatabase {
  exec(sql: string): void;
  prepare(sql: string): SqliteStatement;
  close(): void;
}

export interface OpenSqliteOptions {
  /** Refuses every change, and to open what is not there. @default false */
  readonly readOnly?: boolean;
}

export type OpenSqlite = (path: string, options?: OpenSqliteOptions) => SqliteDatabase;

interface SqliteModule {
  readonly DatabaseSync: new (path: string, options: OpenSqliteOptions) => SqliteDatabase;
}

/** Does a native call, now or never; see `thread-gates.ts`. */
export type Enter = <Result>(call: () => Result) => Result;

let loaded: SqliteModule | undefined;

/**
 * The one place that knows which SQLite there is: Node's own from 22.13 on, and on Node 20 the package
 * `@photostructure/sqlite`, which has the same API. Rejects with `CRMConfigError` where there is neither.
 *
 * The package's calls go through `enter`, if it is given: a thread that is ended in the middle of one aborts the process.
 */
export async function loadSqlite(enter?: Enter): Promise<OpenSqlite> {
  const builtin = builtinSqlite();
  // Looked for once: by the next time the process may have given up the right to read it.
  loaded ??= builtin ?? (await installedSqlite());
  const { DatabaseSync } = loaded;
  const open: OpenSqlite = (path, options = {}) => new DatabaseSync(path, options);
  return enter === undefined || builtin !== undefined ? open : entering(open, enter);
}

function entering(open: OpenSqlite, enter: Enter): OpenSqlite {
  const enteringStatement = (statement: SqliteStatement): SqliteStatement => ({
    run: (...values) => enter(() => statement.run(...values)),
    get: (...values) => enter(() => statement.get(...values)),
    all: (...values) => enter(() => statement.all(...values)),
  });
  return (path, options) => {
    const database = enter(() => open(path, options));
    return {
      exec: (sql) => {
        enter(() => {
          database.exec(sql);
        });
      },
      prepare: (sql) => enteringStatement(enter(() => database.prepare(sql))),
      close: () => {
        enter(() => {
          database.close();
        });
      },
    };
  };
}

function builtinSqlite(): SqliteModule | undefined {
  // Asking for an unknown builtin answers undefined; before 22.13 it would need a flag, and there it is unknown too.
  const builtin: unknown = withoutExperimentalWarning(() =>
    (process.getBuiltinModule as (id: string) => unknown)('node:sqlite'),
  );
  return isSqliteModule(builtin) ? builtin : undefined;
}

/**
 * Node 22 warns of its SQLite as it loads it, in every thread anew and on the command line's stderr. Which SQLite it is was
 * chosen here, so whoever reads that could do nothing about it.
 */
function withoutExperimentalWarning<Result>(load: () => Result): Result {
  const warner = process as { emitWarning: (...args: unknown[]) => void };
  const { emitWarning } = warner;
  warner.emitWarning = (...args) => {
    if (args[1] !== 'ExperimentalWarning') emitWarning.apply(process, args);
  };
  try {
    return load();
  } finally {
    warner.emitWarning = emitWarning;
  }
}

async function installedSqlite(): Promise<SqliteModule> {
  try {
    const installed: unknown = await import('@photostructure/sqlite');
    if (isSqliteModule(installed)) return installed;
  } catch (error) {
    throw notFound(error);
  }
  throw notFound(undefined);
}

function isSqliteModule(value: unknown): value is SqliteModule {
  return typeof value === 'object' && value !== null && 'DatabaseSync' in value;
}

function notFound(cause: unknown): CRMConfigError {
  const message =
    `needs SQLite, which Node ${process.versions.node} does not bring. ` +
    'Install it (npm install @photostructure/sqlite@1), or use Node 22.13 or newer, or keep notifications in memory ' +
    "only (outbox: ':memory:')";
  return new CRMConfigError([{ path: 'outbox (CRM_OUTBOX)', message }], { cause });
}
