import type { IncomingMessage, ServerResponse } from 'node:http';
import type { NextFunction, Request, RequestHandler, Response } from 'express';

/** The route's request and response. */
export interface HookContext {
  readonly req: Request;
  readonly res: Response;
}

/**
 * Turns a response into the fields of a notification. It gets what `res.json` or `res.send` was given, by reference, or
 * undefined if neither was called (204, streams, files). It may return a promise, which must settle within
 * `mapperTimeoutMs`. Undefined means no notification. If it throws, the notification is lost, never the response.
 *
 * @example
 * const mapper: Mapper<User, NotificationFields> = (user) =>
 *   user.plan === 'paid' ? { userId: user.id, message: 'New user' } : undefined;
 */
export type Mapper<Body, Fields> = (
  body: Body,
  context: HookContext,
) => Fields | undefined | Promise<Fields | undefined>;

export interface HookOptions<Fields> {
  /**
   * Whether to notify the CRM, for a route where only some responses matter. Called after the route has responded. It may
   * return a promise, which must settle within `mapperTimeoutMs`. If it throws, the notification is lost, never the response.
   * @default always
   * @example afterBooking('created', undefined, { when: ({ req }) => req.query['draft'] === undefined });
   */
  readonly when?: ((context: HookContext) => boolean | Promise<boolean>) | undefined;
  /**
   * Whether a status counts as success. It may return a promise, like `when`.
   * @default 200 to 299
   * @example afterBooking('created', undefined, { status: (status) => status < 400 }); // the route redirects
   */
  readonly status?: ((status: number) => boolean | Promise<boolean>) | undefined;
  /**
   * The lane, when the order matters beyond one booking or event. One lane is delivered first in, first out.
   * @default the lane of the fields, else the booking's, the event's or the user's
   * @example afterBooking('created', undefined, { lane: ({ userId }) => `user:${userId}` });
   */
  readonly lane?: ((fields: Fields) => string) | undefined;
  /**
   * The names of the targets it is for, where several are configured; those that the mapper returns count first.
   * @default all
   * @example afterBooking('created', undefined, { targets: ['crm', 'sales'] });
   */
  readonly targets?: readonly string[] | undefined;
}

/**
 * A hook on a route. It takes node's own request and response: Express's types would fix the types of `req.params` and of
 * the body for every other handler of the route.
 */
export type RouteHook = (req: IncomingMessage, res: ServerResponse, next: NextFunction) => void;

/**
 * A hook whose mapper names the type of the body: the compiler then checks the handler's `res.json` against it. The handler may
 * also respond with an error, which the mapper does not get unless `status` lets it through.
 */
export type BodyRouteHook<Body> = (req: IncomingMessage, res: Response<Body | ErrorBody>, next: NextFunction) => void;

/**
 * The body of an error response: an object with `error`, `errors` or `message`, and whatever else. For another shape, annotate
 * the mapper's parameter with a union.
 */
export type ErrorBody = ObjectWith<'error'> | ObjectWith<'errors'> | ObjectWith<'message'>;

/** The second form is for object literals: as an index signature, it permits their other members. */
type ObjectWith<Name extends string> =
  Readonly<Record<Name, unknown>> | (Readonly<Record<Name, unknown>> & Readonly<Record<string, unknown>>);

/** The handler that the wrapping form takes and returns. */
export type WrappedHandler<Params, Body, ReqBody, ReqQuery> = RequestHandler<Params, Body, ReqBody, ReqQuery>;
