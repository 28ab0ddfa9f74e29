import { buildNotificationOf } from '../notification/build-draft.js';
import type { NotificationFields } from '../notification/notification.js';
import { defineHook, hookName } from './define-hook.js';
import type { BodyRouteHook, HookOptions, Mapper, WrappedHandler } from './hook.js';

type Options = HookOptions<NotificationFields>;

/**
 * Notifies the CRM of anything else after a route has responded with 2xx. Put it before the handler. The mapper is required,
 * because only the app knows the user and the message.
 *
 * Throws `CRMValidationError` when the type is not 1 to 64 characters of `a-z`, `0-9` and `_`, or the mapper is missing.
 *
 * @example
 * app.post('/users', afterResponse('user_registered', (user: User) => ({ userId: user.id, message: 'New user' })), register);
 */
export function afterResponse<Body>(
  notificationType: string,
  mapper: Mapper<Body, NotificationFields>,
  options?: Options,
): BodyRouteHook<Body>;
export function afterResponse<Params, Body, ReqBody, ReqQuery>(
  notificationType: string,
  handler: WrappedHandler<Params, Body, ReqBody, ReqQuery>,
  mapper: Mapper<Body, NotificationFields>,
  options?: Options,
): WrappedHandler<Params, Body, ReqBody, ReqQuery>;
export function afterResponse(notificationType: string, ...rest: readonly unknown[]): unknown {
  const name = hookName('afterResponse', '', notificationType);
  return defineHook({
    name,
    notificationType,
    build: (fields: NotificationFields) => buildNotificationOf(fields, notificationType),
    defaultMapper: undefined,
    rest,
  });
}
