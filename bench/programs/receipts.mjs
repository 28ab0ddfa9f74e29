/** Takes receipts one after the other, in an app that does nothing else; beside them, what the disk alone takes. */
import { closeSync, fdatasyncSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createNotifier } from 'express-crm-notifier';

const { COLLECTOR, COUNT, DIRECTORY, THREAD } = process.env;
const count = Number(COUNT);
const ignore = () => undefined;
const logger = { debug: ignore, info: ignore, warn: ignore, error: console.error, isLevelEnabled: () => false };
mkdirSync(DIRECTORY, { recursive: true });
const options = { baseUrl: COLLECTOR, authToken: 'bench', outbox: join(DIRECTORY, 'outbox'), logger, env: {} };
const crm = createNotifier({ ...options, thread: THREAD === 'true' });
await crm.ready();

/** As many bytes as a notification's commit writes, over and over in the same place, as the log is once it is long enough. */
const bytes = Buffer.alloc(20_480, 1);
const descriptor = openSync(join(DIRECTORY, 'plain'), 'w');
const places = 200;
for (let place = 0; place < places; place += 1) writeSync(descriptor, bytes, 0, bytes.length, place * bytes.length);
fdatasyncSync(descriptor);

const actions = {
  async receipts() {
    const times = [];
    for (let number = 0; number < count; number += 1) {
      const startedAtMs = performance.now();
      const receipt = await crm.notifyBooking({ bookingId: number + 1, userId: 1, sessionId: 2, action: 'created' });
      times.push(performance.now() - startedAtMs);
      if (!receipt.accepted || !receipt.isStored) throw new Error('not stored');
    }
    return times;
  },
  plain() {
    const times = [];
    for (let number = 0; number < count; number += 1) {
      const startedAtMs = performance.now();
      writeSync(descriptor, bytes, 0, bytes.length, (number % places) * bytes.length);
      fdatasyncSync(descriptor);
      times.push(performance.now() - startedAtMs);
    }
    return times;
  },
  async close() {
    closeSync(descriptor);
    await crm.close();
  },
};
process.on('message', async ({ call, name }) => {
  process.send({ call, value: await actions[name]() });
});
process.once('disconnect', () => process.exit(0));
process.send({ ready: {} });
