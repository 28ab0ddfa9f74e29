import { Client } from 'pg';
import type { NotifierOptions } from '../../src/index.js';
import { postgresOutbox, type PostgresOutboxOptions } from '../../src/postgres/index.js';
import { useNotifiers, type ObservedNotifier } from './observed-notifier.js';

/** Of every connection that a test makes. The tests' servers ask for none, so it only must appear nowhere. */
export const password = 'the-password-of-the-tests';

/** A server's URL with the password in it. */
export function withPassword(url: string): string {
  const secret = new URL(url);
  // A server that was there already may ask for its own.
  secret.password ||= password;
  return secret.href;
}

export interface OnPostgres
  extends Omit<NotifierOptions, 'outbox'>, Pick<PostgresOutboxOptions, 'table' | 'migrate' | 'ssl'> {
  /** Of the database. */
  readonly url: string;
}

/**
 * Makes notifiers on PostgreSQL for the tests of a file, each closed after its test; fails a test in which one has logged or told
 * the password. Put it before the hooks of what they use.
 */
export function usePostgresNotifiers(): (options: OnPostgres) => ObservedNotifier {
  const made: ObservedNotifier[] = [];
  const createNotifier = useNotifiers();
  // After they are closed, so that what they log last is looked at, too.
  afterEach(() => {
    for (const { log, troubles } of made.splice(0)) {
      expect(`${log.text()}${JSON.stringify(troubles())}`).not.toContain(password);
    }
  });
  return ({ url, table, migrate, ssl, ...options }) => {
    const outbox = postgresOutbox({ connectionString: withPassword(url), table, migrate, ssl });
    const notifier = createNotifier({ ...options, outbox });
    made.push(notifier);
    return notifier;
  };
}

/** The app's own connection to its database. */
export interface AppDatabase {
  readonly client: Client;
  /** The rows that a statement returns. */
  rows<Row = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Runs the work in a transaction, which is rolled back if it rejects. */
  transaction<Result>(work: (tx: Client) => Promise<Result>, begin?: string): Promise<Result>;
  /** The ids of the bookings that were committed; see `book`. */
  bookings(): Promise<number[]>;
}

/** Connects an app to a database, and creates its table of bookings if it is missing. Disconnected after the test. */
export function useAppDatabases(): (url: string) => Promise<AppDatabase> {
  const clients: Client[] = [];
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.end().catch(() => undefined)));
  });
  return async (url) => {
    const client = new Client({ connectionString: url });
    client.on('error', () => undefined);
    clients.push(client);
    await client.connect();
    await client.query(`DO $$ BEGIN
      IF to_regclass('booking') IS NULL THEN CREATE TABLE booking (id integer PRIMARY KEY); END IF;
    EXCEPTION WHEN unique_violation OR duplicate_table OR duplicate_object THEN
      -- Another connection was quicker.
    END $$`);
    const rows = async <Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> =>
      (await client.query(text, [...values])).rows as Row[];
    return {
      client,
      rows,
      async transaction(work, begin = 'BEGIN') {
        await client.query(begin);
        try {
          const result = await work(client);
          await client.query('COMMIT');
          return result;
        } catch (error) {
          await client.query('ROLLBACK');
          throw error;
        }
      },
      bookings: async () => (await rows<{ id: number }>('SELECT id FROM booking ORDER BY id')).map(({ id }) => id),
    };
  };
}

/** Books in a transaction of the app, and tells the CRM in it. */
export function book(
  { notifier }: Pick<ObservedNotifier, 'notifier'>,
  { transaction }: AppDatabase,
  bookingId: number,
): Promise<{ readonly id: string }> {
  return transaction(async (tx) => {
    await tx.query('INSERT INTO booking VALUES ($1)', [bookingId]);
    return notifier.in(tx).notifyBooking({ bookingId, userId: 123, sessionId: 789, action: 'created' });
  });
}
