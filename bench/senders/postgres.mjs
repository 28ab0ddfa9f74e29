/** This package, from its build: books in a transaction of PostgreSQL and tells the CRM in it. */
import { afterBooking, createNotifier } from 'express-crm-notifier';
import { postgresOutbox } from 'express-crm-notifier/postgres';
import pg from 'pg';

export async function createSender({ url, connectionString }) {
  const ignore = () => undefined;
  const logger = { debug: ignore, info: ignore, warn: ignore, error: console.error, isLevelEnabled: () => false };
  const outbox = postgresOutbox({ connectionString });
  const crm = createNotifier({ baseUrl: url, authToken: 'bench', outbox, logger, env: {} });
  await crm.ready();
  const pool = new pg.Pool({ connectionString, max: 16 });
  /** When which booking's COMMIT was confirmed, by the machine's monotonic clock, in milliseconds. */
  let commits = [];

  const handler = (createBooking) => async (req, res) => {
    const { booking } = createBooking(req);
    const { userId, sessionId } = booking;
    const client = await pool.connect();
    await client.query('BEGIN');
    await client.query('INSERT INTO booking (user_id, session_id) VALUES ($1, $2)', [userId, sessionId]);
    await res.locals.crm.in(client).notifyBooking({ bookingId: booking.id, userId, sessionId, action: 'created' });
    await client.query('COMMIT');
    commits.push([String(booking.id), Number(process.hrtime.bigint()) / 1e6]);
    client.release();
    res.status(201).json({ booking });
  };

  const actions = {
    commits: () => {
      const taken = commits;
      commits = [];
      return taken;
    },
    isLeading: async () => (await crm.stats()).isDelivering,
  };
  return { middleware: [crm.middleware()], hooks: [afterBooking('created')], handler, actions };
}
