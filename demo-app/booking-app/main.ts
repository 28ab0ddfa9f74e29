import { dirname, join } from 'node:path';
import { createNotifier } from 'express-crm-notifier';
import { pino } from 'pino';
import { runMain } from '../runtime/run-main.js';
import { runService } from '../runtime/run-service.js';
import { DEFAULT_BOOKING_PORT, readDataDirectory, readPort } from '../runtime/settings.js';
import { createBookingApp } from './create-booking-app.js';
import { openBookingDatabase } from './open-booking-database.js';
import { seedDemoData } from './seed-demo-data.js';

/** What is not delivered by then waits in the outbox for the next start. */
const CLOSE_TIMEOUT_MS = 5000;

await runMain(async () => {
  const port = readPort(process.env, 'DEMO_PORT', DEFAULT_BOOKING_PORT);
  const dataDirectory = readDataDirectory(process.env, dirname(import.meta.dirname));

  const logger = pino({ name: 'booking-app' });
  const database = openBookingDatabase(join(dataDirectory, 'booking.sqlite'));
  await seedDemoData(database);
  // The CRM's address and token come from CRM_BASE_URL and CRM_AUTH_TOKEN.
  const crm = createNotifier({ outbox: join(dataDirectory, 'outbox'), logger });
  await crm.ready();

  await runService({
    app: createBookingApp({ database, crm, logger }),
    port,
    logger,
    close: async () => {
      const report = await crm.close({ timeoutMs: CLOSE_TIMEOUT_MS });
      logger.info(report, 'closed the notifier: what is pending waits in the outbox for the next start');
      database.close();
    },
  });
});
