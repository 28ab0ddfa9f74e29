import express from 'express';
import type { Express, RequestHandler, Router } from 'express';
import type { Notifier } from 'express-crm-notifier';
import helmet from 'helmet';
import type { Logger } from 'pino';
import { respondWithError, unknownRoute } from '../web/errors.js';
import { ownHostOnly } from '../web/own-page.js';
import { createRequestLog } from '../web/request-log.js';
import { requireUser } from './require-user.js';
import { bookingRoutes } from './routes/booking-routes.js';
import { eventRoutes } from './routes/event-routes.js';
import { signInRoute } from './routes/sign-in-route.js';
import type { Stores } from './stores.js';

export interface BookingAppParts {
  readonly stores: Pick<Stores, 'users' | 'events' | 'bookings'>;
  readonly crm: Notifier;
  readonly logger: Logger;
  /** What the supervisor's page needs of the app. */
  readonly demoRoutes?: Router | undefined;
  /** The notifier's dashboard, mounted at `/dashboard`. */
  readonly dashboard?: RequestHandler | undefined;
}

/** The booking app. For the CRM it only mounts the middleware here, and a hook on each route that changes something. */
export function createBookingApp({ stores, crm, logger, demoRoutes, dashboard }: BookingAppParts): Express {
  const { users, events, bookings } = stores;
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
  app.use(eventRoutes(events, users));
  app.use(bookingRoutes(bookings, users));
  app.get('/crm/stats', requireUser(users, 'facilitator'), async (_req, res) => {
    res.json(await crm.stats());
  });

  if (dashboard) app.use('/dashboard', dashboard);
  if (demoRoutes) app.use(demoRoutes);

  app.use(unknownRoute);
  app.use(respondWithError);
  return app;
}

/** The paths that the supervisor and the dashboard poll. They would fill the log. */
function isPolled(path: string): boolean {
  return ['/demo/state', '/demo/processes', '/dashboard/api/overview'].includes(path);
}
