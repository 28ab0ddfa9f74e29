import express from 'express';
import type { Express, Request, RequestHandler } from 'express';
import helmet from 'helmet';
import { pino } from 'pino';
import { demoPage } from '../booking-app/demo-page/demo-page.js';
import type { PageAsset } from '../booking-app/demo-page/page-assets.js';
import { HttpError, respondWithError, unknownRoute } from '../web/errors.js';
import { neverStored, ownHostOnly, ownPageOnly } from '../web/own-page.js';
import { relay } from '../web/relay.js';
import { createRequestLog } from '../web/request-log.js';
import type { LeaderWatch } from './leader-watch.js';
import type { SharedApp } from './shared-app.js';
import { readSharedState } from './shared-state.js';

export interface SharedPageParts {
  readonly apps: readonly SharedApp[];
  readonly watch: LeaderWatch;
  readonly assets: readonly PageAsset[];
  readonly crmControlUrl: string;
  readonly crmAuthToken: string;
}

/**
 * The page for booking apps that share an outbox. The supervisor serves it, because each of them may be killed; bookings go
 * through it to the app that the visitor has chosen, as through a load balancer.
 */
export function createSharedPage({ apps, watch, ...page }: SharedPageParts): Express {
  const app = express();
  app.use(createRequestLog(pino({ name: 'demo-page' }), () => true));
  app.use(helmet());
  app.use(ownHostOnly);
  app.use(express.json({ limit: '64kb' }));

  app.use(demoPage({ ...page, readState: () => readSharedState(apps, watch), kill: killLeader(apps, watch) }));
  app.use(
    '/apps/:number/bookings',
    ownPageOnly,
    neverStored,
    relay({
      url: (req) => `${appOf(apps, req).url}/bookings${req.url === '/' ? '' : req.url}`,
      absence: (req) => `App ${appOf(apps, req).number} does not respond`,
    }),
  );

  app.use(unknownRoute);
  app.use(respondWithError);
  return app;
}

function appOf(apps: readonly SharedApp[], req: Request): SharedApp {
  const app = apps.find(({ number }) => String(number) === req.params['number']);
  if (!app) throw new HttpError(404, 'There is no such app');
  return app;
}

function killLeader(apps: readonly SharedApp[], watch: LeaderWatch): RequestHandler {
  return (_req, res) => {
    const { leader } = watch;
    const app = leader && apps.find(({ kept }) => kept.pid === leader.pid);
    if (!app) throw new HttpError(409, 'No app leads at the moment; one takes over within 5 seconds');
    app.kept.kill();
    res.status(202).json({ pid: leader.pid });
  };
}
