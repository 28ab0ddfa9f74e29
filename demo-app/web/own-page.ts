import type { RequestHandler } from 'express';
import { HttpError } from './errors.js';

const OWN_HOSTS: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Refuses any other host name. An attacker could point a name at this machine (DNS rebinding); a browser here would then
 * treat the attacker's page as the demo's own, and the demo's tokens are public.
 */
export const ownHostOnly: RequestHandler = (req, _res, next) => {
  if (!OWN_HOSTS.has(req.hostname)) throw new HttpError(403, 'Use the demo at http://localhost or http://127.0.0.1');
  next();
};

/** Refuses requests that another site's page sends through a browser. Clients without these headers may pass. */
export const ownPageOnly: RequestHandler = (req, _res, next) => {
  const site = req.get('Sec-Fetch-Site') ?? 'none';
  const origin = req.get('Origin') ?? `http://${req.host}`;
  if (!['same-origin', 'none'].includes(site) || origin !== `http://${req.host}`) {
    throw new HttpError(403, "Only the demo's own page may send this request");
  }
  next();
};

/** What a browser gets may be out of date a moment later. */
export const neverStored: RequestHandler = (_req, res, next) => {
  res.set('Cache-Control', 'no-store');
  next();
};
