/**
 * Books in transactions over so many connections: so many a second in all, or each as fast as it can. `plain` books alone, `told`
 * also tells the CRM in the transaction, and `second` writes a row of the same size to a table that nobody reads. Each answers
 * how long the transactions took, in milliseconds.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { createNotifier } from 'express-crm-notifier';
import { postgresOutbox } from 'express-crm-notifier/postgres';
import pg from 'pg';

const { COLLECTOR, CONNECTIONS, PER_SECOND, POSTGRES, SECONDS } = process.env;
const ignore = () => undefined;
const logger = { debug: ignore, info: ignore, warn: ignore, error: console.error, isLevelEnabled: () => false };
const outbox = postgresOutbox({ connectionString: POSTGRES });
const crm = createNotifier({ baseUrl: COLLECTOR, authToken: 'bench', outbox, logger, env: {} });
await crm.ready();

const clients = [];
for (let number = 0; number < Number(CONNECTIONS); number += 1) {
  const client = new pg.Client({ connectionString: POSTGRES });
  await client.connect();
  clients.push(client);
}

const insertBooking = 'INSERT INTO booking (user_id, session_id) VALUES ($1, $2) RETURNING id';

async function book(client, also) {
  await client.query('BEGIN');
  const { rows } = await client.query(insertBooking, [123, 789]);
  await also(client, Number(rows[0].id));
  await client.query('COMMIT');
}

const ways = {
  plain: ignore,
  told: (client, bookingId) =>
    crm.in(client).notifyBooking({ bookingId, userId: 123, sessionId: 789, action: 'created' }),
  second: (client, bookingId) => client.query('INSERT INTO note (booking_id, text) VALUES ($1, $2)', [bookingId, note]),
};
const note = 'x'.repeat(300);
await clients[0].query(
  `CREATE TABLE note (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, booking_id bigint NOT NULL, text text NOT NULL)`,
);

/** Between the starts of two transactions of a connection. */
const everyMs = PER_SECOND === undefined ? 0 : (Number(CONNECTIONS) * 1_000) / Number(PER_SECOND);

async function bookFor(also) {
  const times = [];
  const beganAtMs = performance.now();
  const untilMs = beganAtMs + Number(SECONDS) * 1_000;
  const bookOver = async (client, number) => {
    let dueAtMs = beganAtMs + (number * everyMs) / Number(CONNECTIONS);
    while (performance.now() < untilMs) {
      if (dueAtMs > performance.now()) await pause(dueAtMs - performance.now());
      dueAtMs += everyMs;
      const startedAtMs = performance.now();
      await book(client, also);
      times.push(performance.now() - startedAtMs);
    }
  };
  await Promise.all(clients.map(bookOver));
  return times;
}

process.on('message', async ({ call, name }) => {
  process.send({ call, value: await bookFor(ways[name]) });
});
process.once('disconnect', () => process.exit(0));
process.send({ ready: {} });
