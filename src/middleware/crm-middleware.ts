import type { IncomingMessage, ServerResponse } from 'node:http';
import { isPromiseLike } from '../core/call-safely.js';
import { CRMConfigError } from '../core/errors.js';
import { readingGiven, unreadable } from '../core/reading-given.js';
import type { Middleware, MiddlewareOptions, RequestNotifier } from '../notifier/notifier.js';

export interface CrmMiddlewareParts {
  readonly bind: (req: IncomingMessage) => RequestNotifier;
  /** Whether a notification made now could not be stored. */
  readonly isUnableToStore: () => boolean;
  readonly options: MiddlewareOptions | undefined;
}

/** Puts a request's notifier on `res.locals.crm`. Options are checked here, once, and not for each request. */
export function createCrmMiddleware({ bind, isUnableToStore, options }: CrmMiddlewareParts): Middleware {
  const shouldPushBack = pushBackOf(options);

  const runRoute = (req: IncomingMessage, res: ServerResponse, next: () => void): void => {
    makeRoomForProperties(req, 'complete');
    makeRoomForProperties(res, 'sendDate');
    (res as unknown as { locals: { crm?: RequestNotifier } }).locals.crm = bind(req);
    next();
  };

  return function crmMiddleware(req, res, next) {
    const isPushedBack = shouldPushBack !== undefined && isUnableToStore() && shouldPushBack(req);
    if (isPushedBack === false) runRoute(req, res, next);
    else if (isPushedBack === true) respondUnavailable(res);
    else {
      isPushedBack
        .then((is) => {
          if (is) respondUnavailable(res);
          else runRoute(req, res, next);
        })
        .catch(next);
    }
  };
}

/** Never throws; its promise never rejects. */
type ShouldPushBack = (req: IncomingMessage) => boolean | Promise<boolean>;

/** https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1 */
const safeMethods = new Set<string | undefined>(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

function pushBackOf(options: MiddlewareOptions = {}): ShouldPushBack | undefined {
  const { pushBack, names } = readingGiven(
    () => ({ pushBack: options.pushBack, names: Object.keys(options) }),
    () => new CRMConfigError([{ path: 'middleware', message: unreadable }]),
  );
  const unknown = names.filter((name) => name !== 'pushBack');
  if (unknown.length > 0 || !['undefined', 'boolean', 'function'].includes(typeof pushBack)) {
    const message = 'takes one option, pushBack: true, false, or a function of the request';
    throw new CRMConfigError([{ path: 'middleware', message }]);
  }
  if (pushBack === undefined || pushBack === false) return undefined;
  if (pushBack === true) return (req) => !safeMethods.has(req.method);
  return (req) => {
    try {
      const chosen: unknown = pushBack(req);
      return isPromiseLike(chosen) ? Promise.resolve(chosen).then(Boolean, () => false) : Boolean(chosen);
    } catch {
      // A failure of the app's function must not fail the request.
      return false;
    }
  };
}

function respondUnavailable(res: ServerResponse): void {
  res.statusCode = 503;
  res.setHeader('retry-after', '1');
  res.setHeader('content-type', 'application/json');
  res.end('{"error":"this cannot be stored at the moment; try again in a second"}');
}

/**
 * Makes it cheap to add properties to a request or a response. Express sets the prototype of each, and V8 then gives each
 * object a shape of its own: every new property copies that shape, which takes 2 microseconds or more, and Express, body
 * parsers and Node add several. Deleting a property turns the object into a table, where adding costs next to nothing;
 * `bench/` shows the difference. `name` is one of the object's own properties; it is put back.
 */
export function makeRoomForProperties<Name extends string>(object: Partial<Record<Name, unknown>>, name: Name): void {
  if (!Object.hasOwn(object, name)) return;
  const value = object[name];
  if (Reflect.deleteProperty(object, name)) object[name] = value;
}
