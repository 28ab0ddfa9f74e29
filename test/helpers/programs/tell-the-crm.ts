/**
 * An app that tells the CRM, whose URL is given first, of as many things as given third, with its outbox in the directory
 * given second. Then it closes its notifier within the milliseconds given fourth and prints the report; without them it
 * just comes to its end. How long after the last thing that happened it was gone is its last line.
 */
import { createNotifier } from '../../../src/index.js';

const [baseUrl, outbox, count, timeoutMs] = process.argv.slice(2);
const ignore = (): void => undefined;
const crm = createNotifier({
  baseUrl,
  outbox,
  sync: 'normal',
  thread: false,
  authToken: 'test-token-0123456789',
  logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
  retry: { firstDelayMs: 5, maxDelayMs: 5 },
  env: {},
});
let lastAtMs = performance.now();
for (const name of ['delivered', 'retry', 'paused', 'dead'] as const) {
  crm.on(name, () => {
    lastAtMs = performance.now();
    console.log(name);
  });
}
process.once('exit', () => {
  console.log(`gone after ${Math.round(performance.now() - lastAtMs)}`);
});

await crm.ready();
for (let index = 0; index < Number(count); index += 1) {
  const { accepted } = await crm.notify({ notificationType: 'user_moved', userId: index + 1, message: 'moved' });
  if (!accepted) throw new Error('not accepted');
}
if (timeoutMs !== undefined) {
  await crm.flush({ timeoutMs: Number(timeoutMs) });
  const report = await crm.close({ timeoutMs: Number(timeoutMs) });
  lastAtMs = performance.now();
  console.log(`closed ${JSON.stringify(report)}`);
}
