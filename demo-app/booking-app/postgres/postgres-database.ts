import { Pool, types } from 'pg';
import type { PoolClient } from 'pg';
import type { Logger } from 'pino';

/** What runs a statement: the pool, or the client of a transaction. */
export interface Queryable {
  query(text: string, values?: readonly unknown[]): Promise<{ readonly rows: unknown[] }>;
}

export interface PostgresDatabase extends Queryable {
  /** Runs `work` as one transaction, on a client of its own, and rolls back if it rejects. */
  inTransaction<Result>(work: (transaction: PoolClient) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

const MAX_CONNECTIONS = 10;
const CONNECT_TIMEOUT_MS = 5000;
/** Ids are of identity columns, which never use an id of a deleted booking or event again: the CRM still knows it. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS users (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    email text NOT NULL,
    role text NOT NULL CHECK (role IN ('member', 'facilitator')),
    password_hash text NOT NULL
  );
  CREATE UNIQUE INDEX IF NOT EXISTS one_user_per_email ON users (lower(email));
  CREATE TABLE IF NOT EXISTS access_tokens (
    digest bytea PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users
  );
  CREATE TABLE IF NOT EXISTS events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title text NOT NULL,
    start_date text NOT NULL,
    facilitator_id bigint NOT NULL REFERENCES users
  );
  CREATE TABLE IF NOT EXISTS sessions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id bigint NOT NULL REFERENCES events ON DELETE CASCADE,
    name text NOT NULL,
    starts_at text NOT NULL,
    capacity integer NOT NULL CHECK (capacity > 0)
  );
  CREATE TABLE IF NOT EXISTS bookings (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users,
    session_id bigint NOT NULL REFERENCES sessions ON DELETE CASCADE,
    status text NOT NULL CHECK (status IN ('active', 'cancelled')),
    created_at text NOT NULL,
    updated_at text NOT NULL
  );
  CREATE UNIQUE INDEX IF NOT EXISTS one_active_booking ON bookings (session_id, user_id) WHERE status = 'active';
  CREATE INDEX IF NOT EXISTS bookings_by_user ON bookings (user_id);
`;

/** Connects to a PostgreSQL, and creates the tables that are missing. */
export async function openPostgresDatabase(url: string, logger: Logger): Promise<PostgresDatabase> {
  const pool = new Pool({
    connectionString: url,
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    types: {
      // Ids and counts: pg returns them as text, because the largest of their type are no safe integers.
      getTypeParser: (type, format) =>
        type === types.builtins.INT8 ? Number : (types.getTypeParser(type, format) as unknown),
    },
  });
  // A connection that is not in use has broken; the pool makes another one. Without a listener the process would end.
  pool.on('error', (error) => {
    logger.warn({ code: 'code' in error ? error.code : undefined }, 'lost a connection to PostgreSQL');
  });
  await pool.query(SCHEMA);
  return {
    query: (text, values) => pool.query(text, values && [...values]),

    async inTransaction(work) {
      const client = await pool.connect();
      try {
        await client.query('BEGIN');
        const result = await work(client);
        await client.query('COMMIT');
        client.release();
        return result;
      } catch (error) {
        // Closed rather than used again: that rolls back, whatever state the connection is in.
        client.release(true);
        throw error;
      }
    },

    close: () => pool.end(),
  };
}

/** All rows of a statement. */
export async function rowsOf<Row>(on: Queryable, text: string, values: readonly unknown[] = []): Promise<Row[]> {
  return (await on.query(text, values)).rows as Row[];
}

/** The first row of a statement. */
export async function rowOf<Row>(
  on: Queryable,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row | undefined> {
  return (await rowsOf<Row>(on, text, values))[0];
}

/** The row that a statement with RETURNING has written. */
export async function writtenRowOf<Row>(on: Queryable, text: string, values: readonly unknown[]): Promise<Row> {
  const row = await rowOf<Row>(on, text, values);
  if (row === undefined) throw new Error('The statement has written no row');
  return row;
}
