import { createServer } from 'node:http';
import { dirname } from 'node:path';
import { createNotifier } from 'express-crm-notifier';
import { pino } from 'pino';
import { runMain } from '../runtime/run-main.js';
import { runService } from '../runtime/run-service.js';
import { DEFAULT_BOOKING_PORT, readDataDirectory, readPort } from '../runtime/settings.js';
import { createBookingApp } from './create-booking-app.js';
import { openFiles, openPostgres } from './places.js';
import { dashboardRoute } from './routes/dashboard-route.js';
import { seedDemoData } from './seed-demo-data.js';
import { supervisedRoutes } from './supervised-routes.js';

/** What is still pending then stays in the outbox for the next start. */
const CLOSE_TIMEOUT_MS = 5000;

await runMain(async () => {
  const port = readPort(process.env, 'DEMO_PORT', DEFAULT_BOOKING_PORT);
  const postgresUrl = process.env['DEMO_POSTGRES_URL'];
  const logger = pino({ name: 'booking-app' });
  const { stores, outbox } = postgresUrl
    ? await openPostgres(postgresUrl, logger)
    : openFiles(readDataDirectory(process.env, dirname(import.meta.dirname)));
  await seedDemoData(stores);
  // CRM_BASE_URL and CRM_AUTH_TOKEN have the CRM's address and token.
  const crm = createNotifier({ outbox, logger });
  const demoRoutes = supervisedRoutes(stores, crm);
  await crm.ready();

  const dashboard = dashboardRoute(crm, stores.users);
  const server = createServer(createBookingApp({ stores, crm, logger, dashboard, demoRoutes }));
  await runService({
    server,
    port,
    logger,
    close: async () => {
      const report = await crm.close({ timeoutMs: CLOSE_TIMEOUT_MS });
      logger.info(report, 'closed the notifier: what is pending stays in the outbox for the next start');
      await stores.close();
    },
  });
});
