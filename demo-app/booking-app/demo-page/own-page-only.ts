import type { RequestHandler } from 'express';
import { HttpError } from '../../web/http-error.js';

/** Refuses what another site's page has a browser send. A caller that is no browser says neither and may pass. */
export const ownPageOnly: RequestHandler = (req, _res, next) => {
  const site = req.get('Sec-Fetch-Site') ?? 'none';
  const origin = req.get('Origin') ?? `http://${req.host}`;
  if (!['same-origin', 'none'].includes(site) || origin !== `http://${req.host}`) {
    throw new HttpError(403, "Only the demo's own page may ask for this");
  }
  next();
};
