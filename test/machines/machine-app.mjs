/**
 * The app of one machine, as a user would write it, from the built package: it changes bookings in its own PostgreSQL, and
 * tells the CRM of each change in the change's own transaction (`/told`) or by a hook alone (`/plain`). What it commits is in
 * the table `changes`, a row for each notification that is owed.
 *
 * The audit kills it from outside, or has it kill itself at a point of a transaction, which a message names.
 * Variables: DATABASE_URL, through a network of its own; CRM_URL; TOKEN, which tells the CRM who posts; ERRORS, a file that
 * gets a line for each error that nobody caught; LOG, a file that gets what the notifier logs at WARN and ERROR.
 */
import { appendFileSync } from 'node:fs';
import { setImmediate } from 'node:timers';
import express from 'express';
import { afterBooking, createNotifier } from 'express-crm-notifier';
import { postgresOutbox } from 'express-crm-notifier/postgres';
import pg from 'pg';

const { DATABASE_URL, CRM_URL, TOKEN, ERRORS, LOG } = process.env;

const write = (file, line) =>
  appendFileSync(file, `${JSON.stringify({ at: Date.now(), pid: process.pid, ...line })}\n`);
for (const kind of ['unhandledRejection', 'uncaughtException']) {
  process.on(kind, (error) => write(ERRORS, { kind, message: String(error?.stack ?? error) }));
}

let doom;
process.on('message', ({ point }) => (doom = point));
/** Ends here and now, if that is where the audit wants it to end. */
const pass = (point) => {
  if (doom === point) process.kill(process.pid, 'SIGKILL');
};

const db = new pg.Pool({
  connectionString: DATABASE_URL,
  max: 10,
  connectionTimeoutMillis: 2_000,
  query_timeout: 3_000,
  idle_in_transaction_session_timeout: 10_000,
});
const ignore = () => undefined;
// A connection that breaks is told of twice: to the statement, which rejects, and here.
db.on('error', ignore);
db.on('connect', (client) => client.on('error', ignore));

const log = (level) => (fields, message) => {
  if (LOG !== undefined) write(LOG, { level, message, detail: fields.err?.message });
};
const crm = createNotifier({
  baseUrl: CRM_URL,
  authToken: TOKEN,
  timeoutMs: 1_000,
  outbox: postgresOutbox({ connectionString: DATABASE_URL }),
  // No response is let go before its hook has stored it, however long the server is away.
  holdMs: 60_000,
  breaker: { firstDelayMs: 50, maxDelayMs: 200, maxPauseMs: 200 },
  retry: { firstDelayMs: 20, maxDelayMs: 200 },
  logger: { debug: ignore, info: ignore, warn: log('warn'), error: log('error') },
  env: {},
});

class RolledBack extends Error {}

/** As apps do: rolled back when `work` throws; a connection in doubt is dropped. */
const inTransaction = async (work) => {
  const client = await db.connect();
  try {
    await client.query('BEGIN');
    const result = await work(client);
    pass('before-commit');
    const committed = client.query('COMMIT');
    // Whether the server has read it by then is up to the machine.
    if (doom === 'at-commit') setImmediate(pass, 'at-commit');
    await committed;
    pass('after-commit');
    client.release();
    return result;
  } catch (error) {
    if (error instanceof RolledBack)
      await client.query('ROLLBACK').then(
        () => client.release(),
        () => client.release(true),
      );
    else client.release(true);
    throw error;
  }
};

/** Locks the booking's row first, whether it is there or not: what follows is in the order of the commits. */
const changeBooking = async (client, booking) => {
  const { rows } = await client.query(
    `INSERT INTO bookings (id, version) VALUES ($1, 1)
     ON CONFLICT (id) DO UPDATE SET version = bookings.version + 1 RETURNING version`,
    [booking],
  );
  pass('before-insert');
  return rows[0].version;
};

const oweOne = (client, { booking, version, part, nonce }, kind) =>
  client.query('INSERT INTO changes (booking, version, part, nonce, kind) VALUES ($1, $2, $3, $4, $5)', [
    booking,
    version,
    part,
    nonce,
    kind,
  ]);

const fieldsOf = ({ booking, version, part, nonce }) => ({
  bookingId: booking,
  userId: 1,
  sessionId: 1,
  additionalData: { version, part, nonce },
});

const app = express();
app.use(crm.middleware());
app.use(express.json());

/** Tells of each part of a change in the change's own transaction. */
const tellOf = async ({ booking, nonce, partCount, isRolledBack, hasSavepoint }, crmOfCaller) =>
  inTransaction(async (client) => {
    const version = await changeBooking(client, booking);
    const notify = (part) =>
      crmOfCaller.in(client).notifyBooking({ ...fieldsOf({ booking, version, part, nonce }), action: 'changed' });
    if (hasSavepoint) {
      await client.query('SAVEPOINT doubt');
      await notify(0);
      await client.query('ROLLBACK TO SAVEPOINT doubt');
    }
    for (let part = 1; part <= partCount; part += 1) {
      await oweOne(client, { booking, version, part, nonce }, 'told');
      await notify(part);
    }
    if (isRolledBack) throw new RolledBack();
    return { booking, version, part: 1, nonce };
  });

// The hook stands back.
app.post('/told', afterBooking('changed', fieldsOf), async (req, res) => {
  res.status(201).json(await tellOf(req.body, res.locals.crm));
});
app.post('/told-without-hook', async (req, res) => {
  res.status(201).json(await tellOf(req.body, crm));
});

// As before there was `crm.in`: between the commit and the hook's own, nothing remembers that the CRM is to be told.
app.post('/plain', afterBooking('changed', fieldsOf), async (req, res) => {
  const { booking, nonce, isRolledBack } = req.body;
  const change = await inTransaction(async (client) => {
    const version = await changeBooking(client, booking);
    await oweOne(client, { booking, version, part: 1, nonce }, 'plain');
    if (isRolledBack) throw new RolledBack();
    return { booking, version, part: 1, nonce };
  });
  res.status(201).json(change);
});

app.get('/unsaved', async (_req, res) => {
  const { unsaved } = await crm.stats();
  res.json({ unsaved });
});

app.use((error, _req, res, _next) => {
  res.status(error instanceof RolledBack ? 409 : 503).json({ error: error.message });
});

const server = app.listen(0, '127.0.0.1', () => process.send?.({ port: server.address().port }));
const onOrphaned = () => process.exit(1);
process.once('disconnect', onOrphaned);
process.once('SIGTERM', () => {
  process.off('disconnect', onOrphaned);
  server.close(async () => {
    await crm.close({ timeoutMs: 5_000 });
    await db.end();
    process.disconnect();
  });
  server.closeIdleConnections();
});
