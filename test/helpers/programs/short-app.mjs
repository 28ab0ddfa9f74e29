/**
 * An app that makes a notifier, from the package as it is built, tells the CRM of a few things and ends in some way. Its
 * argument is JSON:
 *
 *   options   of the notifier; `dispatcher`, `clock` and `logger` are made here
 *   own       which of those to give: `dispatcher`, `clock`
 *   count     of how many things it tells
 *   then      `nothing`, `flush`, `close`, `stats`, `exit` for process.exit right after the last receipt, or `close-busily`
 *             for a close during which it does nothing else for half a second
 *
 * Prints each receipt, each delivery, each warning or error logged, and how many threads were started.
 */
import { syncBuiltinESMExports } from 'node:module';
import { clearTimeout, setTimeout } from 'node:timers';
import workerThreads from 'node:worker_threads';

let threadCount = 0;
workerThreads.Worker = class extends workerThreads.Worker {
  constructor(file, options) {
    super(file, options);
    threadCount += 1;
  }
};
syncBuiltinESMExports();

const { createNotifier } = await import('express-crm-notifier');

const { options, own = [], count = 0, then = 'nothing' } = JSON.parse(process.argv[2]);
const given = {};
if (own.includes('dispatcher')) {
  const { Agent } = await import('undici');
  given.dispatcher = new Agent();
  process.once('beforeExit', () => given.dispatcher.close());
}
if (own.includes('clock')) {
  given.clock = {
    now: () => Date.now(),
    monotonicMs: () => performance.now(),
    after(delayMs, callback, { keepAlive = false } = {}) {
      const timer = setTimeout(callback, delayMs);
      if (!keepAlive) timer.unref();
      return () => clearTimeout(timer);
    },
  };
}
const ignore = () => undefined;
const crm = createNotifier({
  sync: 'normal',
  authToken: 'test-token-0123456789',
  logger: {
    debug: ignore,
    info: ignore,
    warn: (_fields, message) => console.log(`warn ${message}`),
    error: (_fields, message) => console.log(`error ${message}`),
  },
  env: {},
  ...options,
  ...given,
});
crm.on('delivered', ({ id }) => console.log(`delivered ${id}`));
console.log(`threads ${threadCount}`);

for (let index = 0; index < count; index += 1) {
  const receipt = await crm.notify({ notificationType: 'user_moved', userId: index + 1, message: 'moved' });
  console.log(receipt.accepted ? `accepted ${receipt.id}` : `rejected ${receipt.error.message}`);
}
if (then === 'exit') process.exit(0);
if (then === 'flush') console.log(`flushed ${JSON.stringify(await crm.flush())}`);
if (then === 'close') console.log(`closed ${JSON.stringify(await crm.close({ timeoutMs: 1_000 }))}`);
if (then === 'close-busily') {
  await crm.ready();
  const closing = crm.close({ timeoutMs: 1_000 });
  setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500), 1);
  console.log(`closed ${JSON.stringify(await closing)}`);
}
if (then === 'stats') console.log(`stats ${JSON.stringify(await crm.stats())}`);
