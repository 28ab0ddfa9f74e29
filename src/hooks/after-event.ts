import { buildEventOf } from '../notification/build-draft.js';
import type { EventFields } from '../notification/notification.js';
import { checkActionAtRegistration, defineHook } from './define-hook.js';
import { mapEvent } from './default-mapping.js';
import type { BodyRouteHook, HookOptions, Mapper, RouteHook, WrappedHandler } from './hook.js';

type Options = HookOptions<EventFields>;

/**
 * Tells the CRM of an event once its route has responded with success: `created`, `updated`, `deleted`, or an action of
 * your own from `a-z`, `0-9` and `_`. It is used as `afterBooking` is, and looks for its fields in `res.locals.event`,
 * `body.event`, `body.data` and `body`.
 *
 * Throws `CRMValidationError` when the action cannot be part of a notification type.
 */
export function afterEvent(action: string, mapper?: undefined, options?: Options): RouteHook;
export function afterEvent<Params, Body, ReqBody, ReqQuery>(
  action: string,
  handler: WrappedHandler<Params, Body, ReqBody, ReqQuery>,
  mapper: Mapper<Body, EventFields>,
  options?: Options,
): WrappedHandler<Params, Body, ReqBody, ReqQuery>;
export function afterEvent<Body>(
  action: string,
  mapper: Mapper<Body, EventFields>,
  options?: Options,
): BodyRouteHook<Body>;
export function afterEvent(action: string, ...rest: readonly unknown[]): unknown {
  checkActionAtRegistration('event_', action);
  return defineHook({
    name: `afterEvent('${action}')`,
    notificationType: `event_${action}`,
    build: (fields: EventFields) => buildEventOf(fields, action),
    defaultMapper: mapEvent,
    rest,
  });
}
