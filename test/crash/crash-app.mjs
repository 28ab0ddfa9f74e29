/**
 * The app under audit: a route with a hook, as a user would write it, from the built package. It answers a booking's
 * steps and knows nothing of who kills it. Variables: APP_PORT, CRM_URL, OUTBOX, GUARANTEE, THREAD, HOLD_MS.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import workerThreads from 'node:worker_threads';

// The audit ends the post office's thread, as a crash in it would. It does so itself when told to, between two turns of
// its event loop: to be ended from outside in the middle of a native call would try the runtime, not the post office.
const endThread = `
  const { BroadcastChannel, isMainThread } = require('node:worker_threads');
  const channel = isMainThread ? undefined : new BroadcastChannel('end-thread');
  if (channel !== undefined) {
    channel.onmessage = () => process.exit(1);
    channel.unref();
  }`;
const preload = join(tmpdir(), `end-thread-${process.pid}.cjs`);
writeFileSync(preload, endThread);
process.once('exit', () => rmSync(preload, { force: true }));
let threadCount = 0;
workerThreads.Worker = class extends workerThreads.Worker {
  constructor(file, options) {
    super(file, { ...options, execArgv: ['--require', preload] });
    threadCount += 1;
  }
};
syncBuiltinESMExports();
const threadEnds = new workerThreads.BroadcastChannel('end-thread');
threadEnds.unref();

const { default: express } = await import('express');
const { afterBooking, createNotifier } = await import('express-crm-notifier');

const { APP_PORT, CRM_URL, OUTBOX, GUARANTEE, THREAD, HOLD_MS, LOG } = process.env;
const ignore = () => undefined;
const silent = { debug: ignore, info: ignore, warn: ignore, error: ignore };
const crm = createNotifier({
  baseUrl: CRM_URL,
  authToken: 'crash-audit',
  timeoutMs: 1_000,
  outbox: OUTBOX,
  guarantee: GUARANTEE ?? 'before-response',
  thread: THREAD !== 'false',
  ...(HOLD_MS === undefined ? {} : { holdMs: Number(HOLD_MS) }),
  breaker: { firstDelayMs: 50, maxDelayMs: 200 },
  retry: { firstDelayMs: 20, maxDelayMs: 200 },
  ...(LOG === undefined ? { logger: silent } : {}),
  env: {},
});

const app = express();
app.use(crm.middleware());
const tell = afterBooking('stepped', (body) => ({
  bookingId: body.booking,
  userId: 1,
  sessionId: 1,
  additionalData: { step: body.step },
}));
app.post('/bookings/:booking/steps/:step', tell, (req, res) => {
  res.status(201).json({ booking: Number(req.params.booking), step: Number(req.params.step) });
});
app.post('/end-thread', (_req, res) => {
  threadEnds.postMessage('end');
  res.json({ threadCount });
});
app.get('/stats', async (_req, res) => {
  res.json(await crm.stats());
});
app.get('/memory', (_req, res) => {
  res.json(process.memoryUsage());
});

await crm.ready();
const server = app.listen(Number(APP_PORT ?? 0), '127.0.0.1', () => {
  process.send?.({ port: server.address().port });
});
process.once('SIGTERM', () => {
  server.close(async () => {
    const report = await crm.close({ timeoutMs: 2_000 });
    process.send?.({ report }, () => process.disconnect());
  });
  server.closeIdleConnections();
});
