/** Delivers what is pending in an outbox, in an app that does nothing else. */
import { createNotifier } from 'express-crm-notifier';

const { COLLECTOR, DIRECTORY } = process.env;
const ignore = () => undefined;
const logger = { debug: ignore, info: ignore, warn: ignore, error: console.error, isLevelEnabled: () => false };
const before = process.memoryUsage.rss();
const startedAtMs = performance.now();
const options = { baseUrl: COLLECTOR, authToken: 'bench', outbox: DIRECTORY, logger, env: {} };
const crm = createNotifier({ ...options, maxPending: { count: 10_000_000, bytes: 2 ** 40 } });
await crm.ready();
const readyMs = performance.now() - startedAtMs;

const actions = {
  opening: () => ({ readyMs, startedAt: performance.timeOrigin + startedAtMs }),
  memory: () => process.memoryUsage.rss() - before,
  pending: async () => (await crm.stats()).pending,
};
process.on('message', async ({ call, name }) => {
  process.send({ call, value: await actions[name]() });
});
process.once('disconnect', () => process.exit(0));
process.send({ ready: {} });
