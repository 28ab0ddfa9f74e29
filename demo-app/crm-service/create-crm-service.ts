import express from 'express';
import type { Express, RequestHandler } from 'express';
import helmet from 'helmet';
import type { Logger } from 'pino';
import { answerError, unknownRoute } from '../web/json-errors.js';
import { ownHostOnly } from '../web/own-host-only.js';
import { parseBody, parseRequest } from '../web/parse-request.js';
import { createRequestLog } from '../web/request-log.js';
import { listQuery } from './list-query.js';
import { notificationSchemaFor } from './notification-schema.js';
import type { NotificationStore } from './notification-store.js';
import { requireToken } from './require-token.js';

export interface CrmServiceParts {
  readonly store: NotificationStore;
  readonly authToken: string;
  readonly logger: Logger;
  /** In front of the routes: what keeps the service from answering as it should. */
  readonly trouble?: RequestHandler | undefined;
}

/** The CRM microservice: takes notifications and shows them. */
export function createCrmService({ store, authToken, logger, trouble }: CrmServiceParts): Express {
  const app = express();
  const tokenRequired = requireToken(authToken);

  app.use(createRequestLog(logger));
  app.use(helmet());
  app.use(ownHostOnly);
  if (trouble) app.use(trouble);

  app.get('/health', (_req, res) => {
    res.json({ status: 'ok' });
  });
  app.post('/notify', tokenRequired, express.json({ limit: '64kb' }), takeNotification(store));
  app.get('/notifications', tokenRequired, listNotifications(store));

  app.use(unknownRoute);
  app.use(answerError);
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

/** The header is for information only, so one that is no number does not refuse a notification. */
function retryCount(header: string | undefined): number {
  return header !== undefined && /^\d{1,9}$/.test(header) ? Number(header) : 0;
}
