import { buildBookingOf } from '../notification/build-draft.js';
import type { BookingFields } from '../notification/notification.js';
import { checkActionAtRegistration, defineHook } from './define-hook.js';
import { mapBooking } from './default-mapping.js';
import type { BodyRouteHook, HookOptions, Mapper, RouteHook, WrappedHandler } from './hook.js';

type Options = HookOptions<BookingFields>;

/**
 * Tells the CRM of a booking once its route has responded with success: `created`, `cancelled`, `reactivated`, or an
 * action of your own from `a-z`, `0-9` and `_`. Set it before the handler:
 *
 *     app.post('/bookings', requireUser, afterBooking('created'), createBooking);
 *
 * Without a mapper the fields are looked for in `res.locals.booking`, `body.booking`, `body.data` and `body`; see
 * docs/hooks.md. With a mapper, only what it answers is sent. In the wrapping form the body's type is the handler's:
 *
 *     app.put('/bookings/:id', afterBooking('moved', moveBooking, (body) => ({ … })));
 *
 * Throws `CRMValidationError` when the action cannot be part of a notification type.
 */
export function afterBooking(action: string, mapper?: undefined, options?: Options): RouteHook;
export function afterBooking<Params, Body, ReqBody, ReqQuery>(
  action: string,
  handler: WrappedHandler<Params, Body, ReqBody, ReqQuery>,
  mapper: Mapper<Body, BookingFields>,
  options?: Options,
): WrappedHandler<Params, Body, ReqBody, ReqQuery>;
export function afterBooking<Body>(
  action: string,
  mapper: Mapper<Body, BookingFields>,
  options?: Options,
): BodyRouteHook<Body>;
export function afterBooking(action: string, ...rest: readonly unknown[]): unknown {
  checkActionAtRegistration('booking_', action);
  return defineHook({
    name: `afterBooking('${action}')`,
    notificationType: `booking_${action}`,
    build: (fields: BookingFields) => buildBookingOf(fields, action),
    defaultMapper: mapBooking,
    rest,
  });
}
