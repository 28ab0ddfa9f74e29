import type { IncomingMessage, ServerResponse } from 'node:http';
import type { NextFunction, Request, RequestHandler, Response } from 'express';

/** The request and its response, as the route saw them. */
export interface HookContext {
  readonly req: Request;
  readonly res: Response;
}

/**
 * Turns what a route answered into the fields of a notification. It gets what `res.json` or `res.send` was given, by
 * reference, or undefined where neither was called (204, streams, files). It may be asynchronous, within
 * `mapperTimeoutMs`. Undefined tells the CRM nothing; whatever it throws costs the notification, never the response.
 */
export type Mapper<Body, Fields> = (
  body: Body,
  context: HookContext,
) => Fields | undefined | Promise<Fields | undefined>;

export interface HookOptions<Fields> {
  /**
   * Whether to tell at all, asked once the route has responded; for a route of which only some answers matter. It may be
   * asynchronous, within `mapperTimeoutMs`; what it throws costs the notification, never the response.
   * @default always
   */
  readonly when?: ((context: HookContext) => boolean | Promise<boolean>) | undefined;
  /**
   * Which statuses count as success; say `(status) => status < 400` for a route that redirects after its work. It may be
   * asynchronous as `when` may.
   * @default 200 to 299
   */
  readonly status?: ((status: number) => boolean | Promise<boolean>) | undefined;
  /**
   * The lane, where another order matters than one booking's or event's: all of a user's, say.
   * @default the lane of the fields, else the booking's, the event's or the user's
   */
  readonly lane?: ((fields: Fields) => string) | undefined;
}

/**
 * A hook as a route takes it. It asks for node's own request and response, because a hook that named Express's would
 * decide the types of `req.params` and of the body for every handler beside it.
 */
export type RouteHook = (req: IncomingMessage, res: ServerResponse, next: NextFunction) => void;

/** A hook whose mapper names the body's type: the compiler then holds the handler's `res.json` to it. */
export type BodyRouteHook<Body> = (req: IncomingMessage, res: Response<Body>, next: NextFunction) => void;

/** The handler of the wrapping form, and what comes of it. */
export type WrappedHandler<Params, Body, ReqBody, ReqQuery> = RequestHandler<Params, Body, ReqBody, ReqQuery>;
