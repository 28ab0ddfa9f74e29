import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { createNotifier } from 'express-crm-notifier';
import { pino } from 'pino';
import { runMain } from '../runtime/run-main.js';
import { runService } from '../runtime/run-service.js';
import { DEFAULT_BOOKING_PORT, readCrmAuthToken, readDataDirectory, readPort } from '../runtime/settings.js';
import { createBookingApp } from './create-booking-app.js';
import { demoPage } from './demo-page/demo-page.js';
import { buildPageAssets } from './demo-page/page-assets.js';
import { watchDelivery } from './demo-page/watch-delivery.js';
import { openBookingDatabase } from './open-booking-database.js';
import { dashboardRoute } from './routes/dashboard-route.js';
import { seedDemoData } from './seed-demo-data.js';
import { createUserStore } from './user-store.js';

/** What is still pending then stays in the outbox for the next start. */
const CLOSE_TIMEOUT_MS = 5000;

await runMain(async () => {
  const demoDirectory = dirname(import.meta.dirname);
  const port = readPort(process.env, 'DEMO_PORT', DEFAULT_BOOKING_PORT);
  const dataDirectory = readDataDirectory(process.env, demoDirectory);
  // Set by the supervisor. Without it nobody would restart the app after the page kills it.
  const crmControlUrl = process.env['DEMO_CRM_CONTROL_URL'];

  const logger = pino({ name: 'booking-app' });
  const database = openBookingDatabase(join(dataDirectory, 'booking.sqlite'));
  await seedDemoData(database);
  const assets = crmControlUrl ? await buildPageAssets(join(demoDirectory, 'page')) : [];
  // CRM_BASE_URL and CRM_AUTH_TOKEN have the CRM's address and token.
  const crm = createNotifier({ outbox: join(dataDirectory, 'outbox'), logger });
  const delivery = watchDelivery(crm);
  await crm.ready();

  const crmAuthToken = readCrmAuthToken(process.env);
  const server = createServer(
    createBookingApp({
      database,
      crm,
      logger,
      dashboard: dashboardRoute(crm, createUserStore(database)),
      demoPage: crmControlUrl ? demoPage({ database, crm, delivery, assets, crmControlUrl, crmAuthToken }) : undefined,
    }),
  );
  await runService({
    server,
    port,
    logger,
    close: async () => {
      const report = await crm.close({ timeoutMs: CLOSE_TIMEOUT_MS });
      logger.info(report, 'closed the notifier: what is pending stays in the outbox for the next start');
      database.close();
    },
  });
});
