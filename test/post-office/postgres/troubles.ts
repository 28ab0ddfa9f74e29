import { runStatement, type PostgresServer } from '../../../demo-app/postgres-server.js';
import type { BookingApp } from './booking-app.js';

/** What can be wrong with the server of an outbox, or on the way to it. */
export interface Trouble {
  readonly what: string;
  begin(booking: BookingApp, server: PostgresServer): Promise<void> | void;
  end(booking: BookingApp, server: PostgresServer): Promise<void> | void;
  /** What may be logged. */
  readonly reported: RegExp;
  /** Whether anything fails, or it only takes longer. */
  readonly isFailing: boolean;
}

const silent = /the server does not respond in time|the connection was lost|within holdMs/;
const lost = /the connection was lost|the server was stopped or is starting|within holdMs/;

/** New connections get the setting; those that there are, are ended. */
async function setReadOnly({ directUrl }: BookingApp, value: string): Promise<void> {
  const database = new URL(directUrl).pathname.slice(1);
  await runStatement(
    directUrl,
    `BEGIN READ WRITE; ALTER DATABASE ${database} SET default_transaction_read_only = ${value}; COMMIT`,
  );
  await runStatement(
    directUrl,
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database}' AND pid <> pg_backend_pid()`,
  );
}

const tables = ['crm_outbox', 'crm_outbox_state', 'crm_outbox_processes', 'crm_outbox_dead'];

/** What is noticed only because nothing comes back. */
export const silences: readonly Trouble[] = [
  {
    what: 'is silent, as behind a network that drops packets',
    begin: ({ network }) => network.silence(),
    end: ({ network }) => network.restore(),
    reported: silent,
    isFailing: true,
  },
  {
    what: 'is frozen',
    begin: (_booking, server) => server.freeze(),
    end: (_booking, server) => server.thaw(),
    reported: silent,
    isFailing: true,
  },
];

/** All that is noticed at once. */
export const failures: readonly Trouble[] = [
  {
    what: 'is away',
    begin: (_booking, server) => server.stop('immediate'),
    end: (_booking, server) => server.start(),
    reported: lost,
    isFailing: true,
  },
  {
    what: 'is read-only',
    begin: (booking) => setReadOnly(booking, 'on'),
    end: (booking) => setReadOnly(booking, 'off'),
    reported:
      /the server is read-only; it may be a replica\. Connect to the primary \(25006\)|was stopped|lost|within holdMs/,
    isFailing: true,
  },
  {
    what: 'has a full disk',
    // As it says itself when a table cannot grow.
    begin: ({ directUrl }) =>
      runStatement(
        directUrl,
        `CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN RAISE 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
         ${tables.map((table) => `CREATE TRIGGER no_room BEFORE INSERT OR UPDATE ON ${table} EXECUTE FUNCTION no_room()`).join(';')}`,
      ),
    end: ({ directUrl }) => runStatement(directUrl, 'DROP FUNCTION no_room CASCADE'),
    reported: /the server’s disk is full \(53100\)|within holdMs/,
    isFailing: true,
  },
  {
    what: 'is slow',
    begin: ({ network }) => network.slow(50),
    end: ({ network }) => network.restore(),
    reported: /never/,
    isFailing: false,
  },
];
