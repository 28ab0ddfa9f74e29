/**
 * The app under audit: a route with a hook, as a user would write it, from the built package. It answers a booking's
 * steps and knows nothing of who kills it. Variables: APP_PORT, CRM_URL, OUTBOX, GUARANTEE, THREAD, HOLD_MS; PACKAGE, the
 * directory of the built package, else this one; ERRORS, a file that gets a line for each ERROR; WAIT_FOR, a file to wait
 * for before the notifier is made; CLOCK_OFFSET_MS; SALES_URL, of a second target; BATCHES, if they are sent in batches.
 */
import { appendFileSync, existsSync } from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import workerThreads from 'node:worker_threads';
import './in-each-thread.cjs';

const inEachThread = fileURLToPath(new URL('in-each-thread.cjs', import.meta.url));
let threadCount = 0;
workerThreads.Worker = class extends workerThreads.Worker {
  constructor(file, options) {
    super(file, { ...options, execArgv: ['--require', inEachThread] });
    threadCount += 1;
  }
};
syncBuiltinESMExports();
// The main thread's own end of the channel hears this, too.
const audit = new workerThreads.BroadcastChannel('audit');
audit.unref();

const { APP_PORT, CRM_URL, OUTBOX, GUARANTEE, THREAD, HOLD_MS, LOG, PACKAGE, ERRORS, WAIT_FOR, SALES_URL, BATCHES } =
  process.env;
const { default: express } = await import('express');
const { afterBooking, createNotifier } =
  PACKAGE === undefined
    ? await import('express-crm-notifier')
    : createRequire(join(PACKAGE, 'package.json'))('express-crm-notifier');

const ignore = () => undefined;
// Written at once, because the app may be killed in the next moment, and dated by a clock that does not jump.
const error = (fields, message) => {
  if (ERRORS === undefined) return;
  const at = Math.round(performance.timeOrigin + performance.now());
  appendFileSync(ERRORS, `${JSON.stringify({ at, pid: process.pid, message, operation: fields.operation })}\n`);
};

while (WAIT_FOR !== undefined && !existsSync(WAIT_FOR)) await pause(2);
const target = {
  authToken: 'crash-audit',
  timeoutMs: 1_000,
  breaker: { firstDelayMs: 50, maxDelayMs: 200, maxPauseMs: 200 },
  retry: { firstDelayMs: 20, maxDelayMs: 200 },
  ...(BATCHES === undefined ? {} : { batch: { maxCount: 50 } }),
};
const crm = createNotifier({
  ...(SALES_URL === undefined
    ? { baseUrl: CRM_URL, ...target }
    : { targets: { crm: { baseUrl: CRM_URL, ...target }, sales: { baseUrl: SALES_URL, ...target } } }),
  outbox: OUTBOX,
  guarantee: GUARANTEE ?? 'before-response',
  thread: THREAD !== 'false',
  ...(HOLD_MS === undefined ? {} : { holdMs: Number(HOLD_MS) }),
  ...(LOG === undefined ? { logger: { debug: ignore, info: ignore, warn: ignore, error } } : {}),
  env: {},
});

const app = express();
app.use(crm.middleware());
const toFields = (body) => ({
  bookingId: body.booking,
  userId: 1,
  sessionId: 1,
  additionalData: { step: body.step, fate: body.fate },
});
const answer = (req, res) => {
  const { booking, step } = req.params;
  res.status(201).json({ booking: Number(booking), step: Number(step), fate: req.query.fate });
};
app.post('/bookings/:booking/steps/:step', afterBooking('stepped', toFields), answer);
app.post('/odd-bookings/:booking/steps/:step', afterBooking('stepped_oddly', toFields), answer);
let countAtEnd = 0;
app.post('/end-thread', (_req, res) => {
  countAtEnd = threadCount;
  audit.postMessage({ kind: 'end' });
  res.json({ threadCount });
});
// When the thread after the one that was ended has opened the outbox; at once where there are no threads.
app.post('/next-thread', async (_req, res) => {
  while (threadCount > 0 && threadCount === countAtEnd) await pause(5);
  await crm.ready();
  res.json({ threadCount });
});
app.post('/clock/:offsetMs', (req, res) => {
  const offsetMs = Number(req.params.offsetMs);
  // A thread that is started later gets the environment as it is then.
  process.env.CLOCK_OFFSET_MS = String(offsetMs);
  audit.postMessage({ kind: 'clock', offsetMs });
  res.json({ offsetMs });
});
// As a synchronous computation, or a large collection of garbage, would.
app.post('/stall/:stallMs', (req, res) => {
  const endMs = performance.now() + Number(req.params.stallMs);
  while (performance.now() < endMs);
  res.json({});
});
app.get('/stats', async (_req, res) => {
  res.json(await crm.stats());
});
app.get('/dead', async (_req, res) => {
  const dead = [];
  for (;;) {
    const page = await crm.deadLetters.list({ limit: 1000, before: dead.at(-1)?.position });
    dead.push(...page);
    if (page.length < 1000) break;
  }
  res.json(dead.map(({ target: name, id, lane, position, reason }) => ({ target: name, id, lane, position, reason })));
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
