import express from 'express';
import type { Express } from 'express';
import helmet from 'helmet';
import type { Logger } from 'pino';
import { z } from 'zod';
import { StartError } from '../runtime/run-main.js';
import { requireToken } from '../web/bearer-token.js';
import { HttpError, respondWithError, unknownRoute } from '../web/errors.js';
import { ownHostOnly } from '../web/own-page.js';
import { parseBody, parseRequest } from '../web/parse-request.js';
import { createRequestLog } from '../web/request-log.js';
import { arrivalOf } from './arrival.js';
import type { Arrival } from './arrival.js';
import { CRM_MODES } from './mode-switch.js';
import type { CrmMode, ModeSwitch } from './mode-switch.js';
import type { BookingChange, NotificationStore } from './notification-store.js';

export interface CrmControlParts {
  readonly store: NotificationStore;
  readonly modeSwitch: ModeSwitch;
  readonly authToken: string;
  readonly logger: Logger;
}

/** What the CRM has received, and its mode. */
export interface CrmInbox {
  readonly mode: CrmMode;
  readonly count: number;
  /** The newest ones, newest first. */
  readonly arrivals: readonly Arrival[];
  /** Of the bookings that were asked for. */
  readonly lastChanges: readonly BookingChange[];
}

const INBOX_LIMIT = 30;
const modeChange = z.object({ mode: z.enum(CRM_MODES) });
/** Booking ids, separated by commas. */
const inboxQuery = z.strictObject({
  bookings: z
    .string()
    .regex(/^(\d+(,\d+)*)?$/)
    .default('')
    .transform((list) => (list === '' ? [] : list.split(',').map(Number))),
});

/** The CRM service's control, on a port of its own: it works while the service is down, slow or refuses its token. */
export function createCrmControl({ store, modeSwitch, authToken, logger }: CrmControlParts): Express {
  const app = express();

  app.use(createRequestLog(logger, () => true));
  app.use(helmet());
  app.use(ownHostOnly);
  app.use(requireToken(authToken));

  app.get('/inbox', (req, res) => {
    const { bookings } = parseRequest(inboxQuery, req.query);
    const inbox: CrmInbox = {
      mode: modeSwitch.mode,
      count: store.count(),
      arrivals: store.list({ limit: INBOX_LIMIT }).map(arrivalOf),
      lastChanges: store.lastChanges(bookings),
    };
    res.json(inbox);
  });
  app.post('/mode', express.json(), async (req, res) => {
    const { mode } = parseBody(modeChange, req.body);
    await modeSwitch.set(mode).catch((error: unknown) => {
      // Another process has taken its port meanwhile.
      throw error instanceof StartError ? new HttpError(503, error.message) : error;
    });
    logger.info({ mode }, 'the CRM’s mode has changed');
    res.json({ mode });
  });

  app.use(unknownRoute);
  app.use(respondWithError);
  return app;
}
