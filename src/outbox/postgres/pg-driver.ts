import { join } from 'node:path';
import { CRMConfigError } from '../../core/errors.js';
import { requireBeside } from '../../core/require-beside.js';

/** The part of the package pg (https://node-postgres.com) that the outbox uses. */
export interface PgModule {
  readonly Pool: new (options: PgOptions) => PgPool;
  /** What a pool makes connections with. */
  readonly Client: new (options: PgOptions) => object;
}

export type PgOptions = Readonly<Record<string, unknown>>;

export interface PgQuery {
  readonly text: string;
  readonly values?: readonly unknown[];
  /** Prepared once for each connection. */
  readonly name?: string;
}

export interface PgResult {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly rowCount: number | null;
}

export interface PgClient {
  query(query: PgQuery): Promise<PgResult>;
  on(event: 'notification' | 'error' | 'end', listener: (about: unknown) => void): void;
  /** `error`: the connection is not used again. */
  release(error?: Error | boolean): void;
  /** It no longer keeps the process alive. */
  unref(): void;
}

export interface PgPool {
  query(query: PgQuery): Promise<PgResult>;
  connect(): Promise<PgClient>;
  on(event: 'error', listener: (error: unknown) => void): void;
  end(): Promise<void>;
}

let loaded: PgModule | undefined;

/** Loads pg, an optional peer. Throws `CRMConfigError` if it is not installed. */
export function loadPg(): PgModule {
  try {
    loaded ??= requireBeside(join(process.cwd(), 'bundle.js'))('pg') as PgModule;
    return loaded;
  } catch (error) {
    const message = 'in PostgreSQL needs the package pg beside this one: npm install pg';
    throw new CRMConfigError([{ path: 'outbox (CRM_OUTBOX)', message }], { cause: error });
  }
}
