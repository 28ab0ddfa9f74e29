import type { RequestHandler } from 'express';
import { HttpError } from '../../web/http-error.js';

const OWN_HOSTS: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Refuses a name that somebody else's DNS has made to mean this machine. */
export const ownHostOnly: RequestHandler = (req, _res, next) => {
  if (!OWN_HOSTS.has(req.hostname)) throw new HttpError(403, 'Open the page at http://localhost or http://127.0.0.1');
  next();
};

/** Refuses what another site's page has a browser send. A caller that is no browser says neither and may pass. */
export const ownPageOnly: RequestHandler = (req, _res, next) => {
  const site = req.get('Sec-Fetch-Site') ?? 'none';
  const origin = req.get('Origin') ?? `http://${req.host}`;
  if (!['same-origin', 'none'].includes(site) || origin !== `http://${req.host}`) {
    throw new HttpError(403, "Only the demo's own page may ask for this");
  }
  next();
};
