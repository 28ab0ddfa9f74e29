import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers';
import { CRMOutboxError } from '../../core/errors.js';
import { connectionOptions } from './connection-options.js';
import { ownTypes } from './own-types.js';
import type { PgClient, PgModule, PgOptions, PgPool, PgQuery, PgResult } from './pg-driver.js';
import type { PostgresConnection } from './postgres-outbox.js';
import { ServerError, serverError } from './server-errors.js';
import { socketsUntil } from './sockets-until.js';

export type SqlRow = Readonly<Record<string, unknown>>;

/** Runs a statement. Rejects with an error of ours, which quotes nothing of what was in a row. */
export type RunSql = (text: string, values?: readonly unknown[], options?: SqlOptions) => Promise<readonly SqlRow[]>;

export interface SqlOptions {
  /** Prepared under this name, once for each connection, where that is possible. */
  readonly name?: string | undefined;
}

/** A server, reached by a few connections that are made again when they are lost. */
export interface PostgresServer {
  readonly run: RunSql;
  /** Runs several statements in one transaction; rolls back if `work` rejects. */
  inTransaction<Result>(work: (run: RunSql) => Promise<Result>): Promise<Result>;
  /** Listens on a connection of its own. Rejects if it cannot be made; `onLost` is called once, when it is lost. */
  listen(channel: string, onNotified: () => void, onLost: () => void): Promise<Listening>;
  close(): Promise<void>;
}

export interface Listening {
  close(): void;
}

export interface ServerOptions {
  readonly pg: PgModule;
  readonly connection: PostgresConnection;
  /** Whether statements may be prepared: not behind a pooler that gives each transaction another connection. */
  readonly mayPrepare: () => boolean;
  /** Once it is aborted, all connections are cut, and nothing runs any more. @default never */
  readonly signal?: AbortSignal | undefined;
}

/** A network that drops packets shows only as silence. */
const connectTimeoutMs = 3_000;
const queryTimeoutMs = 8_000;
/**
 * At the server, below our own limit: what waits for a lock there must not go on waiting once we have given up, or each try would
 * leave a process of the server behind.
 */
const serverLimits: PgOptions = { statement_timeout: 7_000, lock_timeout: 1_000 };
/** For reading, settling, accepting and the lease at the same time. */
const maxConnections = 4;
/**
 * For prepared statements, which are planned once, perhaps while the table is empty, and used while it is full of rows or of dead
 * ones: always by an index, row by row.
 */
const planForAnySize = `SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_bitmapscan = off;
  SET enable_sort = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_material = off; SET jit = off`;

export function connectToServer({ pg, connection, mayPrepare, signal }: ServerOptions): PostgresServer {
  const makeSocket = socketsUntil(signal);
  const makePool = (limits: PgOptions): PgPool => {
    const made = new pg.Pool({
      application_name: 'express-crm-notifier',
      ...connectionOptions(connection),
      ...limits,
      types: ownTypes,
      binary: false,
      max: maxConnections + 1,
      connectionTimeoutMillis: connectTimeoutMs,
      query_timeout: queryTimeoutMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      idleTimeoutMillis: 60_000,
      allowExitOnIdle: true,
      Client: clientOn(pg.Client, makeSocket),
    });
    // A connection that is lost while nothing uses it; the next statement makes another.
    made.on('error', ignore);
    return made;
  };
  let pool = makePool(serverLimits);
  let hasLimits = true;

  /** Takes a connection. A pooler may refuse the limits, which are parameters of the start; then it goes without. */
  const takeClient = async (): Promise<PgClient> => {
    try {
      return await pool.connect();
    } catch (error) {
      if (!hasLimits || !isParameterRefused(error)) throw error;
      hasLimits = false;
      void pool.end().catch(ignore);
      pool = makePool({});
      return pool.connect();
    }
  };

  const listenedTo = new WeakSet<PgClient>();
  const planning = new WeakSet<PgClient>();

  /** pg may throw rather than reject, such as when a certificate's file is missing. */
  const asOurs = async (query: () => Promise<PgResult>): Promise<readonly SqlRow[]> => {
    try {
      if (signal?.aborted === true) throw cutOff();
      return (await query()).rows;
    } catch (error) {
      throw serverError(error);
    }
  };

  const connect = async (): Promise<PgClient> => {
    try {
      if (signal?.aborted === true) throw cutOff();
      const client = await takeClient();
      if (!listenedTo.has(client)) client.on('error', ignore);
      listenedTo.add(client);
      return client;
    } catch (error) {
      throw serverError(error);
    }
  };

  const runOn = async (query: PgQuery): Promise<readonly SqlRow[]> => {
    const client = await connect();
    try {
      if (query.name !== undefined && !planning.has(client)) {
        await asOurs(() => client.query({ text: planForAnySize }));
        planning.add(client);
      }
      const rows = await asOurs(() => client.query(query));
      client.release();
      return rows;
    } catch (error) {
      // After an error of the server the connection is as good as before.
      client.release(!(error instanceof ServerError) || !isStatementError(error));
      throw error;
    }
  };

  return {
    run: (text, values = [], { name } = {}) =>
      runOn(name !== undefined && mayPrepare() ? { text, values, name } : { text, values }),

    async inTransaction(work) {
      const client = await connect();
      const run: RunSql = (text, values = []) => asOurs(() => client.query({ text, values }));
      try {
        await run('BEGIN');
        const result = await work(run);
        await run('COMMIT');
        client.release();
        return result;
      } catch (error) {
        // Ending the connection rolls back, whatever state it is in.
        client.release(true);
        throw error;
      }
    },

    async listen(channel, onNotified, onLost) {
      const client = await connect();
      client.unref();
      let isOver = false;
      const end = (): void => {
        if (isOver) return;
        isOver = true;
        client.release(true);
      };
      client.on('notification', onNotified);
      client.on('end', () => {
        if (!isOver) onLost();
        end();
      });
      try {
        await asOurs(() => client.query({ text: `LISTEN ${channel}` }));
      } catch (error) {
        end();
        throw error;
      }
      return { close: end };
    },

    close: async () => {
      await pool.end().catch(ignore);
    },
  };
}

/**
 * Gives each connection a socket of its own: before 8.9, pg takes no function that makes them. A client that cannot be made, as when
 * a certificate's file is missing, is one that cannot connect: the pool, which makes some of them after another has been released,
 * would throw the error where nobody can catch it.
 */
function clientOn(Client: PgModule['Client'], makeSocket: () => Socket): PgModule['Client'] {
  /** The pool calls it with `new`. */
  function PoolClient(options: PgOptions): object {
    try {
      // Not a copy: the pool's password is not enumerable.
      return new Client(Object.assign(options, { stream: makeSocket() }));
    } catch (error) {
      return unconnectable(error);
    }
  }
  return PoolClient as unknown as PgModule['Client'];
}

/** What a pool needs of a client that it never gets. */
function unconnectable(error: unknown): object {
  return {
    connect(callback: (error: unknown) => void) {
      setImmediate(callback, error);
    },
    isConnected: () => false,
    on: ignore,
    end: ignore,
  };
}

/** PgBouncer's words; it knows only a few parameters. */
function isParameterRefused(error: unknown): boolean {
  return error instanceof Error && /unsupported startup parameter/i.test(error.message);
}

/** An error that the server has answered a statement with; classes 08 and 57 are about the connection. */
function isStatementError({ state }: ServerError): boolean {
  return /^[0-9A-Z]{5}$/.test(state) && !/^(?:08|57P|XX)/.test(state);
}

function cutOff(): CRMOutboxError {
  return new CRMOutboxError('PostgreSQL: the connection was cut, because the notifier is closed', { retryable: false });
}

function ignore(): void {
  // What fails is reported by the statement that needs the connection.
}
