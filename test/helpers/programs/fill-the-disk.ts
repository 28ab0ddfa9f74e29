/**
 * A notifier whose outbox is in the directory given second and whose CRM is at the URL given first. It accepts one
 * notification for each line on standard input, in the lane that the line names, and says what became of it.
 */
import { createInterface } from 'node:readline';
import { createNotifier } from '../../../src/index.js';

const [baseUrl, outbox] = process.argv.slice(2);
const ignore = (): void => undefined;
const crm = createNotifier({
  baseUrl,
  outbox,
  thread: false,
  holdMs: 200,
  authToken: 'test-token-0123456789',
  logger: { debug: ignore, info: ignore, warn: ignore, error: (_fields, message) => console.log(`ERROR ${message}`) },
  retry: { firstDelayMs: 5, maxDelayMs: 5 },
  breaker: { failureThreshold: 1_000 },
  env: {},
});
await crm.ready();
console.log('ready');
for await (const lane of createInterface({ input: process.stdin })) {
  if (lane === 'close') break;
  const startedAtMs = performance.now();
  const receipt = await crm.notify({
    notificationType: 'user_moved',
    userId: 1,
    message: 'm'.repeat(2_000),
    additionalData: { lane },
    lane: lane.split('-')[0],
  });
  const accepted = receipt.accepted && receipt.isStored;
  const { unsaved } = await crm.stats();
  console.log(`${lane} ${JSON.stringify({ accepted, unsaved, tookMs: Math.round(performance.now() - startedAtMs) })}`);
}
await crm.flush({ timeoutMs: 10_000 });
console.log(`closed ${JSON.stringify(await crm.close({ timeoutMs: 5_000 }))}`);
