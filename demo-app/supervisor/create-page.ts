import express from 'express';
import type { Express, Request, RequestHandler } from 'express';
import helmet from 'helmet';
import { pino } from 'pino';
import { HttpError, respondWithError, unknownRoute } from '../web/errors.js';
import { neverStored, ownHostOnly, ownPageOnly } from '../web/own-page.js';
import { relay } from '../web/relay.js';
import { createRequestLog } from '../web/request-log.js';
import type { LeaderWatch } from './leader-watch.js';
import type { PageAsset } from './page-assets.js';
import type { SnapshotStream } from './snapshot-stream.js';
import type { SupervisedApp } from './supervised-app.js';

export interface PageParts {
  readonly apps: readonly SupervisedApp[];
  readonly watch: Pick<LeaderWatch, 'leader'>;
  readonly stream: SnapshotStream;
  readonly assets: readonly PageAsset[];
  /** The address and token of the CRM service's control. */
  readonly crmControlUrl: string;
  readonly crmAuthToken: string;
}

/** The default has `upgrade-insecure-requests`, which makes some browsers load the page's files by https. */
const pageSecurityPolicy = helmet.contentSecurityPolicy({
  useDefaults: false,
  directives: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'"],
    connectSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  },
});

/**
 * The demo's page and its routes, for a browser on this machine only. The supervisor serves it, because each app may be killed;
 * bookings go through it to the app that the visitor has chosen, as through a load balancer.
 */
export function createPage({ apps, watch, stream, assets, crmControlUrl, crmAuthToken }: PageParts): Express {
  const app = express();
  app.use(createRequestLog(pino({ name: 'demo-page' }), () => true));
  app.use(helmet());
  app.use(ownHostOnly);
  app.use(express.json({ limit: '64kb' }));
  app.use(['/demo', '/apps'], ownPageOnly, neverStored);

  for (const { path, contentType, text } of assets) {
    app.get(path, pageSecurityPolicy, neverStored, (_req, res) => {
      res.type(contentType).send(text);
    });
  }
  app.get('/demo/stream', (_req, res) => {
    stream.add(res);
  });
  app.post(
    '/demo/crm',
    relay({
      url: () => `${crmControlUrl}/mode`,
      authorization: `Bearer ${crmAuthToken}`,
      absence: () => 'The process of the CRM service does not respond',
    }),
  );
  app.post('/demo/kill', (_req, res) => {
    const { kept } = leaderOf(apps, watch);
    const { pid } = kept;
    kept.kill();
    res.status(202).json({ pid });
  });
  app.post(
    '/demo/redeliver',
    relay({
      url: () => `${leaderOf(apps, watch).url}/demo/redeliver`,
      absence: () => 'The app does not respond; try again in a moment',
    }),
  );
  app.use('/apps/:number/bookings', toApp('bookings'));
  app.use('/apps/:number/events', toApp('events'));

  app.use(unknownRoute);
  app.use(respondWithError);
  return app;

  function toApp(path: string): RequestHandler {
    return relay({
      url: (req) => `${appOf(apps, req).url}/${path}${req.url === '/' ? '' : req.url}`,
      absence: (req) =>
        apps.length === 1
          ? 'The app does not respond; try again in a moment'
          : `App ${appOf(apps, req).number} does not respond; choose the other one`,
    });
  }
}

function appOf(apps: readonly SupervisedApp[], req: Request): SupervisedApp {
  const app = apps.find(({ number }) => String(number) === req.params['number']);
  if (!app) throw new HttpError(404, 'There is no such app');
  return app;
}

function leaderOf(apps: readonly SupervisedApp[], { leader }: Pick<LeaderWatch, 'leader'>): SupervisedApp {
  const app = leader && apps.find(({ kept }) => kept.pid === leader.pid);
  if (!app) throw new HttpError(503, 'No app delivers at the moment; try again in a few seconds');
  return app;
}
