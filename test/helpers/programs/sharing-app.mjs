/**
 * One of several apps on one outbox, from the package as it is built: the CRM's URL is given first, the outbox second. It
 * takes its orders as messages, and closes its notifier on SIGTERM.
 *
 *   { "accept": lane }   accepts one notification of that lane and prints `accepted <id>`
 *   { "load": lane }     accepts one after the other until it is told to end
 *   { "stats": true }    prints whether it delivers
 *   { "second": true }   makes a second notifier on the same outbox and prints what came of that
 */
import { createNotifier } from 'express-crm-notifier';

const [baseUrl, outbox] = process.argv.slice(2);
const ignore = () => undefined;
const options = {
  baseUrl,
  outbox,
  sync: 'normal',
  authToken: 'test-token-0123456789',
  logger: { debug: ignore, info: ignore, warn: ignore, error: (_fields, message) => console.log(`error ${message}`) },
  env: {},
};
const crm = createNotifier(options);
let isEnding = false;

async function accept(lane) {
  const receipt = await crm.notify({
    notificationType: 'user_moved',
    userId: 1,
    message: 'moved',
    additionalData: { lane },
    lane,
  });
  if (receipt.accepted) console.log(`accepted ${receipt.id}`);
  else if (!isEnding) console.log(`rejected ${receipt.error.message}`);
}

process.on('message', async (order) => {
  if ('accept' in order) await accept(order.accept);
  if ('load' in order) while (!isEnding) await accept(order.load);
  if ('stats' in order) console.log(`delivers ${(await crm.stats()).isDelivering}`);
  if ('second' in order) {
    try {
      createNotifier(options);
    } catch (error) {
      console.log(`second ${error.code}`);
    }
  }
});
process.once('SIGTERM', async () => {
  isEnding = true;
  console.log(`closed ${JSON.stringify(await crm.close({ timeoutMs: 2_000 }))}`);
  process.disconnect();
});

await crm.ready();
console.log('ready');
