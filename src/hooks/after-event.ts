import { buildEventOf } from '../notification/build-draft.js';
import type { EventFields } from '../notification/notification.js';
import { defineHook, hookName } from './define-hook.js';
import { mapEvent } from './default-mapping.js';
import type { BodyRouteHook, HookOptions, Mapper, RouteHook, WrappedHandler } from './hook.js';

type Options = HookOptions<EventFields>;

/**
 * Notifies the CRM of an event after its route has responded with 2xx. Put it before the handler. The action is `created`,
 * `updated`, `deleted`, or your own word of `a-z`, `0-9` and `_`.
 *
 * Without a mapper the fields come from `res.locals.event` or the body that was given to `res.json`; see docs/hooks.md. Mappers
 * and the wrapping form work as with `afterBooking`.
 *
 * Throws `CRMValidationError` when the action cannot be part of a notification type.
 *
 * @example
 * app.put('/events/:id', requireUser, afterEvent('updated'), updateEvent);
 */
export function afterEvent(action: string, mapper?: undefined, options?: Options): RouteHook;
export function afterEvent<Body>(
  action: string,
  mapper: Mapper<Body, EventFields>,
  options?: Options,
): BodyRouteHook<Body>;
export function afterEvent<Params, Body, ReqBody, ReqQuery>(
  action: string,
  handler: WrappedHandler<Params, Body, ReqBody, ReqQuery>,
  mapper: Mapper<Body, EventFields>,
  options?: Options,
): WrappedHandler<Params, Body, ReqBody, ReqQuery>;
export function afterEvent(action: string, ...rest: readonly unknown[]): unknown {
  const name = hookName('afterEvent', 'event_', action);
  return defineHook({
    name,
    notificationType: `event_${action}`,
    build: (fields: EventFields) => buildEventOf(fields, action),
    defaultMapper: mapEvent,
    rest,
  });
}
