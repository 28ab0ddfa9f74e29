/** Loads Express and then this package, and takes the first receipt: what each adds to the process. */
import { createRequire } from 'node:module';
import { join } from 'node:path';

const { COLLECTOR, DIRECTORY } = process.env;
const require = createRequire(import.meta.url);

const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
};
const measured = async (work) => {
  globalThis.gc();
  const before = { ms: performance.now(), cpuMs: cpuMs(), bytes: process.memoryUsage.rss() };
  const result = await work();
  const after = { ms: performance.now(), cpuMs: cpuMs(), bytes: process.memoryUsage.rss() };
  const added = { ms: after.ms - before.ms, cpuMs: after.cpuMs - before.cpuMs, bytes: after.bytes - before.bytes };
  return { added, result };
};

const { added: express } = await measured(() => require('express'));
const { added: ours, result } = await measured(() => require('express-crm-notifier'));
const ignore = () => undefined;
const logger = { debug: ignore, info: ignore, warn: ignore, error: console.error };
const { added: firstReceipt, result: crm } = await measured(async () => {
  const options = { baseUrl: COLLECTOR, authToken: 'bench', outbox: join(DIRECTORY, 'outbox'), logger, env: {} };
  const notifier = result.createNotifier(options);
  const receipt = await notifier.notifyBooking({ bookingId: 1, userId: 1, sessionId: 2, action: 'created' });
  if (!receipt.accepted) throw new Error('not accepted');
  // The first receipts of a process may come before it is stored.
  if ('outcome' in receipt) await receipt.outcome;
  return notifier;
});

const actions = { added: () => ({ express, ours, firstReceipt }), close: () => crm.close() };
process.on('message', async ({ call, name }) => {
  process.send({ call, value: await actions[name]() });
});
process.once('disconnect', () => process.exit(0));
process.send({ ready: {} });
