import { Router } from 'express';
import type { RequestHandler } from 'express';
import helmet from 'helmet';
import { neverStored, ownPageOnly } from '../../web/own-page.js';
import { relay } from '../../web/relay.js';
import type { PageAsset } from './page-assets.js';

export interface DemoPageParts {
  readonly assets: readonly PageAsset[];
  /** The address and token of the CRM service's control. */
  readonly crmControlUrl: string;
  readonly crmAuthToken: string;
  readonly readState: () => Promise<unknown>;
  /** Kills the app, or the leader of several, and responds with 202 and its `{ pid }`. */
  readonly kill: RequestHandler;
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

/** The demo's page and its routes, for a browser on this machine only. */
export function demoPage({ assets, crmControlUrl, crmAuthToken, readState, kill }: DemoPageParts): Router {
  const router = Router();

  router.use('/demo', ownPageOnly, neverStored);
  for (const { path, contentType, text } of assets) {
    router.get(path, pageSecurityPolicy, neverStored, (_req, res) => {
      res.type(contentType).send(text);
    });
  }

  router.get('/demo/state', async (_req, res) => {
    res.json(await readState());
  });
  router.get('/demo/inbox', toCrmControl('/inbox'));
  router.post('/demo/crm', toCrmControl('/mode'));
  router.post('/demo/kill', kill);

  function toCrmControl(path: string): RequestHandler {
    return relay({
      url: () => `${crmControlUrl}${path}`,
      authorization: `Bearer ${crmAuthToken}`,
      absence: () => 'The process of the CRM service does not respond',
    });
  }

  return router;
}

/** Like a kill by the system: no handler runs, and nothing is closed or flushed. */
export const killThisProcess: RequestHandler = (_req, res) => {
  res.once('finish', () => process.kill(process.pid, 'SIGKILL'));
  res.status(202).json({ pid: process.pid });
};
