import type { RequestHandler } from 'express';
import { HttpError } from './http-error.js';

const OWN_HOSTS: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Refuses a name that somebody else's DNS has made to mean this machine: a page under it would count as the demo's own in
 * a browser here, and the demo's tokens are known to everybody.
 */
export const ownHostOnly: RequestHandler = (req, _res, next) => {
  if (!OWN_HOSTS.has(req.hostname)) throw new HttpError(403, 'Use the demo at http://localhost or http://127.0.0.1');
  next();
};
