/** Takes BullMQ's jobs and posts each; the other half of the sender `bullmq`. */
import { Worker } from 'bullmq';
import { Pool } from 'undici';

const { COLLECTOR, REDIS_PORT } = process.env;
const pool = new Pool(COLLECTOR, { connections: 8 });
const headers = { 'content-type': 'application/json', authorization: 'Bearer bench' };
const worker = new Worker(
  'bench',
  async ({ data }) => {
    const answer = await pool.request({ path: '/notify', method: 'POST', headers, body: JSON.stringify(data) });
    await answer.body.dump();
    if (answer.statusCode >= 300) throw new Error(`answered ${answer.statusCode}`);
  },
  { connection: { host: '127.0.0.1', port: Number(REDIS_PORT) }, concurrency: 8 },
);
worker.on('error', () => undefined);
process.once('disconnect', () => process.exit(0));
await worker.waitUntilReady();
process.send({ ready: {} });
