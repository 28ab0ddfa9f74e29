import express from 'express';
import type { Express, RequestHandler, Router } from 'express';
import type { Notifier } from 'express-crm-notifier';
import helmet from 'helmet';
import type { Logger } from 'pino';
import type { Database } from '../runtime/database.js';
import { respondWithError, unknownRoute } from '../web/errors.js';
import { ownHostOnly } from '../web/own-page.js';
import { createRequestLog } from '../web/request-log.js';
import { createBookingStore } from './booking-store.js';
import { createEventStore } from './event-store.js';
import { requireUser } from './require-user.js';
import { bookingRoutes } from './routes/booking-routes.js';
import { eventRoutes } from './routes/event-routes.js';
import { signInRoute } from './routes/sign-in-route.js';
import { createUserStore } from './user-store.js';

export interface BookingAppParts {
  readonly database: Database;
  readonly crm: Notifier;
  readonly logger: Logger;
  /** The demo's page and its routes; only with a supervisor and its CRM. */
  readonly demoPage?: Router | undefined;
  /** The notifier's dashboard, mounted at `/dashboard`. */
  readonly dashboard?: RequestHandler | undefined;
}

/** The booking app. For the CRM it only mounts the middleware here, and a hook on each route that changes something. */
export function createBookingApp({ database, crm, logger, demoPage, dashboard }: BookingAppParts): Express {
  const users = createUserStore(database);
  const app = express();

  app.use(createRequestLog(logger, isPolled));
  app.use(helmet());
  app.use(ownHostOnly);
  app.use(express.json({ limit: '64kb' }));
  app.use(crm.middleware());

  app.get('/health', (_req, res) => {
    res.json({ status: 'ok' });
  });
  app.use(signInRoute(users));
  app.use(eventRoutes(createEventStore(database), users));
  app.use(bookingRoutes(createBookingStore(database), users));
  app.get('/crm/stats', requireUser(users, 'facilitator'), async (_req, res) => {
    res.json(await crm.stats());
  });

  if (dashboard) app.use('/dashboard', dashboard);
  if (demoPage) app.use(demoPage);

  app.use(unknownRoute);
  app.use(respondWithError);
  return app;
}

/** The paths that the pages poll. They would fill the log. */
function isPolled(path: string): boolean {
  return path === '/demo/state' || path === '/demo/inbox' || path === '/dashboard/api/overview';
}
