import express from 'express';
import type { Express, RequestHandler } from 'express';
import { createReceiver } from 'express-crm-notifier/receiver';
import type { HandlerContext, ReceiverStore, WireNotification } from 'express-crm-notifier/receiver';
import helmet from 'helmet';
import type { Logger } from 'pino';
import { requireToken } from '../web/bearer-token.js';
import { respondWithError, unknownRoute } from '../web/errors.js';
import { ownHostOnly } from '../web/own-page.js';
import { parseRequest } from '../web/parse-request.js';
import { createRequestLog } from '../web/request-log.js';
import { listQuery } from './list-query.js';
import type { NotificationStore } from './notification-store.js';

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
  const add = (notification: WireNotification, { retryCount }: HandlerContext<undefined>): void => {
    store.add(notification, retryCount);
  };

  app.use(createRequestLog(logger));
  app.use(helmet());
  app.use(ownHostOnly);
  if (fault) app.use(fault);

  app.use(
    createReceiver({
      token: authToken,
      store: rememberedBy(store),
      // What has a handler of its own is checked more closely: a booking has its ids.
      on: {
        booking_created: add,
        booking_cancelled: add,
        booking_reactivated: add,
        event_created: add,
        event_updated: add,
        event_deleted: add,
        '*': add,
      },
      onError: (error, about) => {
        logger.error({ err: error, ...about }, 'a notification could not be stored');
      },
      logger,
    }),
  );
  app.get('/notifications', requireToken(authToken), (req, res) => {
    res.json({ notifications: store.list(parseRequest(listQuery, req.query)) });
  });

  app.use(unknownRoute);
  app.use(respondWithError);
  return app;
}

/** A notification's row is all that a handler writes, and its id as well: both are there, or neither. */
function rememberedBy(store: NotificationStore): ReceiverStore {
  return {
    async handleOnce(id, handle) {
      if (store.has(id)) return 'duplicate';
      await handle(undefined);
      return 'handled';
    },
  };
}
