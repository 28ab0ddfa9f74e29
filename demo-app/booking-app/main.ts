import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import type { Router } from 'express';
import { createNotifier } from 'express-crm-notifier';
import { pino } from 'pino';
import { runMain } from '../runtime/run-main.js';
import { runService } from '../runtime/run-service.js';
import { DEFAULT_BOOKING_PORT, readCrmAuthToken, readDataDirectory, readPort } from '../runtime/settings.js';
import { createBookingApp } from './create-booking-app.js';
import { demoPage, killThisProcess } from './demo-page/demo-page.js';
import { createDemoState } from './demo-page/demo-state.js';
import type { DemoStateParts } from './demo-page/demo-state.js';
import { buildPageAssets } from './demo-page/page-assets.js';
import { openFiles, openPostgres } from './places.js';
import { sharedAppRoutes } from './postgres/shared-app-routes.js';
import { dashboardRoute } from './routes/dashboard-route.js';
import { seedDemoData } from './seed-demo-data.js';

/** What is still pending then stays in the outbox for the next start. */
const CLOSE_TIMEOUT_MS = 5000;

await runMain(async () => {
  const demoDirectory = dirname(import.meta.dirname);
  const port = readPort(process.env, 'DEMO_PORT', DEFAULT_BOOKING_PORT);
  const postgresUrl = process.env['DEMO_POSTGRES_URL'];
  const logger = pino({ name: 'booking-app' });
  const { stores, outbox, watchDelivery } = postgresUrl
    ? await openPostgres(postgresUrl, logger)
    : openFiles(readDataDirectory(process.env, demoDirectory));
  await seedDemoData(stores);
  // CRM_BASE_URL and CRM_AUTH_TOKEN have the CRM's address and token.
  const crm = createNotifier({ outbox, logger });
  const parts = { stores, crm, delivery: watchDelivery(crm) };
  const demoRoutes = postgresUrl ? sharedAppRoutes(parts) : await ownPage(parts);
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

/** The page for this app alone; without the supervisor there is none, because nobody would start the app again. */
async function ownPage(parts: DemoStateParts): Promise<Router | undefined> {
  const crmControlUrl = process.env['DEMO_CRM_CONTROL_URL'];
  if (!crmControlUrl) return undefined;
  return demoPage({
    assets: await buildPageAssets(join(dirname(import.meta.dirname), 'page')),
    crmControlUrl,
    crmAuthToken: readCrmAuthToken(process.env),
    readState: createDemoState(parts),
    kill: killThisProcess,
  });
}
