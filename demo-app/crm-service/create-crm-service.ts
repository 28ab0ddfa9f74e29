import express from 'express';
import type { Express, RequestHandler } from 'express';
import helmet from 'helmet';
import type { Logger } from 'pino';
import { requireToken } from '../web/bearer-token.js';
import { respondWithError, unknownRoute } from '../web/errors.js';
import { ownHostOnly } from '../web/own-page.js';
import { parseBody, parseRequest } from '../web/parse-request.js';
import { createRequestLog } from '../web/request-log.js';
import type { NotificationStore } from './notification-store.js';
import { listQuery, notificationSchemaFor } from './request-schemas.js';

export interface CrmServiceParts {
  readonly store: NotificationStore;
  readonly authToken: string;
  readonly logger: Logger;
  /** Runs before the routes; it may delay or refuse requests. */
  readonly fault?: RequestHandler | undefined;
}

/** The CRM microservice: receives notifications and lists them. */
export function createCrmService({ store, authToken, logger, fault }: CrmServiceParts): Express {
  const app = express();
  const tokenRequired = requireToken(authToken);

  app.use(createRequestLog(logger));
  app.use(helmet());
  app.use(ownHostOnly);
  if (fault) app.use(fault);

  app.get('/health', (_req, res) => {
    res.json({ status: 'ok' });
  });
  app.post('/notify', tokenRequired, express.json({ limit: '64kb' }), takeNotification(store));
  app.get('/notifications', tokenRequired, listNotifications(store));

  app.use(unknownRoute);
  app.use(respondWithError);
  return app;
}

function takeNotification(store: NotificationStore): RequestHandler {
  return (req, res) => {
    const notification = parseBody(notificationSchemaFor(req.body), req.body);
    const { notificationId, duplicate } = store.add(notification, retryCount(req.get('X-Retry-Count')));
    res.status(duplicate ? 200 : 201).json({ status: 'success', notification_id: notificationId, duplicate });
  };
}

function listNotifications(store: NotificationStore): RequestHandler {
  return (req, res) => {
    res.json({ notifications: store.list(parseRequest(listQuery, req.query)) });
  };
}

/** The header is only informative, so an invalid one counts as 0. */
function retryCount(header: string | undefined): number {
  return header !== undefined && /^\d{1,9}$/.test(header) ? Number(header) : 0;
}
