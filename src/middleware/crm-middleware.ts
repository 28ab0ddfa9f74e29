import type { IncomingMessage } from 'node:http';
import type { Middleware, RequestNotifier } from '../notifier/notifier.js';

/* eslint-disable @typescript-eslint/no-namespace -- Express is extended by declaration merging on its namespace. */
declare global {
  namespace Express {
    interface Locals {
      /** The notifier, bound to this request; put here by `createNotifier().middleware()`. */
      crm: RequestNotifier;
    }
  }
}
/* eslint-enable @typescript-eslint/no-namespace */

/** Puts a request's notifier on `res.locals.crm`. Everything is resolved before the first request; this only binds. */
export function createCrmMiddleware(bind: (req: IncomingMessage) => RequestNotifier): Middleware {
  return function crmMiddleware(req, res, next) {
    (res as unknown as { locals: { crm?: RequestNotifier } }).locals.crm = bind(req);
    next();
  };
}
