import { join } from 'node:path';
import { CRMConfigError } from '../../core/errors.js';
import { requireBeside } from '../../core/require-beside.js';

export type SqliteValue = string | number | Uint8Array | null;
export type SqliteRow = Readonly<Record<string, unknown>>;

export interface SqliteStatement {
  run(...values: SqliteValue[]): { readonly changes: number | bigint; readonly lastInsertRowid: number | bigint };
  get(...values: SqliteValue[]): unknown;
  all(...values: SqliteValue[]): unknown[];
}

/** The part of SQLite's synchronous API that this package uses; Node and `@photostructure/sqlite` have the same. */
export interface SqliteDatabase {
  exec(sql: string): void;
  prepare(sql: string): SqliteStatement;
  close(): void;
}

export interface OpenSqliteOptions {
  /** Refuses every change, and does not create a missing file. @default false */
  readonly readOnly?: boolean;
}

export type OpenSqlite = (path: string, options?: OpenSqliteOptions) => SqliteDatabase;

interface SqliteModule {
  readonly DatabaseSync: new (path: string, options: OpenSqliteOptions) => SqliteDatabase;
}

/** Runs a native call, or blocks for good if the process is exiting; see `thread-gates.ts`. */
export type RunNative = <Result>(call: () => Result) => Result;

const packageName = '@photostructure/sqlite';
let loaded: SqliteModule | undefined;

/**
 * Loads SQLite; the only place that knows which one: Node's own from 22.13 on, and on Node 20 the package
 * `@photostructure/sqlite`, which has the same API. Throws `CRMConfigError` if there is neither, or the package cannot be
 * loaded.
 *
 * The package's calls go through `runNative`, if given: ending a thread in the middle of one aborts the process.
 */
export function loadSqlite(runNative?: RunNative): OpenSqlite {
  const builtin = builtinSqlite();
  // Loaded once: the process may give up the right to read it later.
  loaded ??= builtin ?? installedSqlite();
  const { DatabaseSync } = loaded;
  const open: OpenSqlite = (path, options = {}) => new DatabaseSync(path, options);
  return runNative === undefined || builtin !== undefined ? open : guardNativeCalls(open, runNative);
}

function guardNativeCalls(open: OpenSqlite, runNative: RunNative): OpenSqlite {
  const guardStatement = (statement: SqliteStatement): SqliteStatement => ({
    run: (...values) => runNative(() => statement.run(...values)),
    get: (...values) => runNative(() => statement.get(...values)),
    all: (...values) => runNative(() => statement.all(...values)),
  });
  return (path, options) => {
    const database = runNative(() => open(path, options));
    return {
      exec: (sql) => {
        runNative(() => {
          database.exec(sql);
        });
      },
      prepare: (sql) => guardStatement(runNative(() => database.prepare(sql))),
      close: () => {
        runNative(() => {
          database.close();
        });
      },
    };
  };
}

function builtinSqlite(): SqliteModule | undefined {
  // Returns undefined for an unknown builtin; before 22.13 SQLite needs a flag, and without it is unknown too.
  const builtin: unknown = withoutExperimentalWarning(() =>
    (process.getBuiltinModule as (id: string) => unknown)('node:sqlite'),
  );
  return isSqliteModule(builtin) ? builtin : undefined;
}

/**
 * Node 22 warns about its SQLite when it loads it, in every thread and on the command line's stderr. This package chose that
 * SQLite, so a reader of the warning could do nothing about it.
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

/** Not imported: that would end after the app has begun to take requests, and a missing SQLite must stop its start. */
function installedSqlite(): SqliteModule {
  const require = requireBeside(process.argv[1] ?? join(process.cwd(), 'bundle.js'));
  try {
    const installed: unknown = require(packageName);
    if (isSqliteModule(installed)) return installed;
  } catch (error) {
    throw isInstalled(require) ? notLoaded(error) : notFound(error);
  }
  throw notFound(undefined);
}

function isInstalled(require: NodeJS.Require): boolean {
  try {
    require.resolve(packageName);
    return true;
  } catch {
    return false;
  }
}

function isSqliteModule(value: unknown): value is SqliteModule {
  return typeof value === 'object' && value !== null && 'DatabaseSync' in value;
}

const waysOut = "use Node 22.13 or newer, or keep notifications in memory only (outbox: ':memory:')";

function notFound(cause: unknown): CRMConfigError {
  const message =
    `needs SQLite, which Node ${process.versions.node} does not bring. ` +
    `Install it (npm install ${packageName}@1), or ${waysOut}`;
  return new CRMConfigError([{ path: 'outbox (CRM_OUTBOX)', message }], { cause });
}

function notLoaded(cause: unknown): CRMConfigError {
  const { message: reason, code }: { message: string; code?: string } =
    cause instanceof Error ? cause : { message: String(cause) };
  // Node's permission model does not allow native code.
  const fix =
    code === 'ERR_DLOPEN_DISABLED'
      ? 'Start Node with --allow-addons'
      : code === 'ERR_ACCESS_DENIED'
        ? 'Start Node with --allow-fs-read=*'
        : 'Install it again';
  const message = `needs SQLite: ${packageName} is installed but could not be loaded (${reason}). ${fix}, or ${waysOut}`;
  return new CRMConfigError([{ path: 'outbox (CRM_OUTBOX)', message }], { cause });
}
