/** Delivers what is pending in an outbox, in a directory or in PostgreSQL, in an app that does nothing else. */
import { setTimeout as pause } from 'node:timers/promises';
import { createNotifier } from 'express-crm-notifier';
import { postgresOutbox } from 'express-crm-notifier/postgres';

const { COLLECTOR, DIRECTORY, POSTGRES, BATCH } = process.env;
const outbox = POSTGRES === undefined ? DIRECTORY : postgresOutbox({ connectionString: POSTGRES });
const ignore = () => undefined;
const logger = { debug: ignore, info: ignore, warn: ignore, error: console.error, isLevelEnabled: () => false };
const before = process.memoryUsage.rss();
const startedAtMs = performance.now();
const batch = BATCH === undefined ? undefined : { maxCount: Number(BATCH) };
const options = { baseUrl: COLLECTOR, authToken: 'bench', outbox, batch, logger, env: {} };
const crm = createNotifier({ ...options, maxPending: { count: 10_000_000, bytes: 2 ** 40 } });
await crm.ready();
const readyMs = performance.now() - startedAtMs;

const actions = {
  opening: () => ({ readyMs, startedAt: performance.timeOrigin + startedAtMs }),
  memory: () => process.memoryUsage.rss() - before,
  pending: async () => (await crm.stats()).pending,
  close: () => crm.close(),
  leading: async () => {
    while (!(await crm.stats()).isDelivering) await pause(50);
  },
};
process.on('message', async ({ call, name }) => {
  process.send({ call, value: await actions[name]() });
});
process.once('disconnect', () => process.exit(0));
process.send({ ready: {} });
