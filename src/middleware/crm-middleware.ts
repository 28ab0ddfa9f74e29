import type { IncomingMessage } from 'node:http';
import { makeRoomForProperties } from '../core/make-room.js';
import type { Middleware, RequestNotifier } from '../notifier/notifier.js';

/** Puts a request's notifier on `res.locals.crm`. Everything is resolved before the first request; this only binds. */
export function createCrmMiddleware(bind: (req: IncomingMessage) => RequestNotifier): Middleware {
  return function crmMiddleware(req, res, next) {
    makeRoomForProperties(req, 'complete');
    makeRoomForProperties(res, 'sendDate');
    (res as unknown as { locals: { crm?: RequestNotifier } }).locals.crm = bind(req);
    next();
  };
}
