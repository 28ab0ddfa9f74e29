import type { AddressInfo } from 'node:net';
import { createNotifier } from 'express-crm-notifier';
import { pino } from 'pino';
import { createApp } from './app.js';

const logger = pino({ name: 'reservations' });
const crm = createNotifier({ logger });
await crm.ready(); // do not start without an outbox

const server = createApp(crm, logger).listen(process.env['PORT'] ?? 3000, () => {
  const { port } = server.address() as AddressInfo;
  logger.info(`The app is at http://localhost:${port}`);
});

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, () => {
    server.close(() => {
      void crm.close().then((report) => logger.info(report, 'Stopped'));
    });
  });
}
