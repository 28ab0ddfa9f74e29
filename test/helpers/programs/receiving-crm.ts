/**
 * A CRM on the receiver, whose visits are in the PostgreSQL whose URL is given first; it listens on the port given second, or on
 * any. The third argument is where it stops for good, with the first notification that comes there: `in-handler`, with the
 * work done and not committed; `after-commit`, before the response; or `nowhere`. It prints a line when it does.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { Pool } from 'pg';
import { createReceiver, postgresStore, type ReceiverStore } from '../../../src/receiver/index.js';

const [url = '', port = '0', stop = 'nowhere'] = process.argv.slice(2);
const pool = new Pool({ connectionString: url });
const inPostgres = postgresStore({ pool });
type Client = typeof inPostgres extends ReceiverStore<infer Tx> ? Tx : never;

const stopIn = async (place: string): Promise<void> => {
  if (stop !== place) return;
  console.log(`stopped ${place}`);
  await new Promise(() => undefined);
};
const store: ReceiverStore<Client> = {
  async handleOnce(id, handle) {
    const outcome = await inPostgres.handleOnce(id, handle);
    await stopIn('after-commit');
    return outcome;
  },
};

const app = express();
app.use(
  createReceiver({
    token: 'test-token-0123456789',
    store,
    on: {
      '*': async ({ notification_id, message }, { tx }) => {
        await tx.query('INSERT INTO visits (notification_id, message) VALUES ($1, $2)', [notification_id, message]);
        await stopIn('in-handler');
      },
    },
  }),
);
const server = createServer(app).listen(Number(port), '127.0.0.1', () => {
  console.log(`listening ${String((server.address() as AddressInfo).port)}`);
});
