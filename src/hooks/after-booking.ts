import { buildBookingOf } from '../notification/build-draft.js';
import type { BookingFields } from '../notification/notification.js';
import { defineHook, hookName } from './define-hook.js';
import { mapBooking } from './default-mapping.js';
import type { BodyRouteHook, HookOptions, Mapper, RouteHook, WrappedHandler } from './hook.js';

type Options = HookOptions<BookingFields>;

/**
 * Notifies the CRM of a booking after its route has responded with 2xx. Put it before the handler. The action is `created`,
 * `cancelled`, `reactivated`, or your own word of `a-z`, `0-9` and `_`.
 *
 * Without a mapper the fields come from `res.locals.booking` or the body that was given to `res.json`; see docs/hooks.md. With
 * a mapper, only what it returns is sent. In the wrapping form the body has the handler's type.
 *
 * Throws `CRMValidationError` when the action cannot be part of a notification type.
 *
 * @example
 * app.post('/bookings', requireUser, afterBooking('created'), createBooking);
 * app.put('/bookings/:id', afterBooking('moved', moveBooking, (body) => ({ bookingId: body.id, userId: 123, sessionId: 789 })));
 */
export function afterBooking(action: string, mapper?: undefined, options?: Options): RouteHook;
export function afterBooking<Body>(
  action: string,
  mapper: Mapper<Body, BookingFields>,
  options?: Options,
): BodyRouteHook<Body>;
export function afterBooking<Params, Body, ReqBody, ReqQuery>(
  action: string,
  handler: WrappedHandler<Params, Body, ReqBody, ReqQuery>,
  mapper: Mapper<Body, BookingFields>,
  options?: Options,
): WrappedHandler<Params, Body, ReqBody, ReqQuery>;
export function afterBooking(action: string, ...rest: readonly unknown[]): unknown {
  const name = hookName('afterBooking', 'booking_', action);
  return defineHook({
    name,
    notificationType: `booking_${action}`,
    build: (fields: BookingFields) => buildBookingOf(fields, action),
    defaultMapper: mapBooking,
    rest,
  });
}
