import { Router } from 'express';
import type { RequestHandler } from 'express';
import helmet from 'helmet';
import { HttpError } from '../../web/errors.js';
import { createDemoState } from './demo-state.js';
import type { DemoStateParts } from './demo-state.js';
import { ownPageOnly } from '../../web/own-page.js';
import type { PageAsset } from './page-assets.js';

export interface DemoPageParts extends DemoStateParts {
  readonly assets: readonly PageAsset[];
  /** The address and token of the CRM service's control. */
  readonly crmControlUrl: string;
  readonly crmAuthToken: string;
}

const CRM_CONTROL_TIMEOUT_MS = 5000;

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
export function demoPage({ assets, crmControlUrl, crmAuthToken, ...parts }: DemoPageParts): Router {
  const router = Router();
  const readState = createDemoState(parts);

  const neverStored: RequestHandler = (_req, res, next) => {
    res.set('Cache-Control', 'no-store');
    next();
  };
  router.use('/demo', ownPageOnly, neverStored);
  for (const { path, contentType, text } of assets) {
    router.get(path, pageSecurityPolicy, neverStored, (_req, res) => {
      res.type(contentType).send(text);
    });
  }

  router.get('/demo/state', async (_req, res) => {
    res.json(await readState());
  });
  router.get('/demo/inbox', relay('GET', '/inbox'));
  router.post('/demo/crm', relay('POST', '/mode'));
  router.post('/demo/kill', (_req, res) => {
    // Like a kill by the system: no handler runs, and nothing is closed or flushed.
    res.once('finish', () => process.kill(process.pid, 'SIGKILL'));
    res.status(202).json({ pid: process.pid });
  });

  /** Forwards the request to the CRM service's control, and returns its response. */
  function relay(method: string, path: string): RequestHandler {
    return async (req, res) => {
      const response = await fetch(`${crmControlUrl}${path}`, {
        method,
        headers: { Authorization: `Bearer ${crmAuthToken}`, 'Content-Type': 'application/json' },
        body: method === 'GET' ? null : JSON.stringify(req.body ?? {}),
        signal: AbortSignal.timeout(CRM_CONTROL_TIMEOUT_MS),
      }).catch(() => {
        throw new HttpError(502, 'The process of the CRM service does not respond');
      });
      res.status(response.status).json(await response.json());
    };
  }

  return router;
}
