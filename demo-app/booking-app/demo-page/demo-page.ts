import { Router } from 'express';
import type { RequestHandler } from 'express';
import helmet from 'helmet';
import { HttpError } from '../../web/http-error.js';
import { createDemoState } from './demo-state.js';
import type { DemoStateParts } from './demo-state.js';
import { ownPageOnly } from './own-page-only.js';
import type { PageAsset } from './page-assets.js';

export interface DemoPageParts extends DemoStateParts {
  readonly assets: readonly PageAsset[];
  /** Where the CRM service is switched and read, and the token for it. */
  readonly crmControlUrl: string;
  readonly crmAuthToken: string;
}

const CRM_CONTROL_TIMEOUT_MS = 5000;

/** Without the default's `upgrade-insecure-requests`, which makes some browsers look for the page's files at https. */
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

/** The demo's page and the routes it lives on. All are for a browser on this machine that shows this very page. */
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
    // No handler runs after this, nothing is closed or flushed: the way a process ends that the system kills.
    res.once('finish', () => process.kill(process.pid, 'SIGKILL'));
    res.status(202).json({ pid: process.pid });
  });

  /** Hands the request on to the CRM service's control, and its answer back. */
  function relay(method: string, path: string): RequestHandler {
    return async (req, res) => {
      const answer = await fetch(`${crmControlUrl}${path}`, {
        method,
        headers: { Authorization: `Bearer ${crmAuthToken}`, 'Content-Type': 'application/json' },
        body: method === 'GET' ? null : JSON.stringify(req.body ?? {}),
        signal: AbortSignal.timeout(CRM_CONTROL_TIMEOUT_MS),
      }).catch(() => {
        throw new HttpError(502, 'The process of the CRM service does not answer');
      });
      res.status(answer.status).json(await answer.json());
    };
  }

  return router;
}
