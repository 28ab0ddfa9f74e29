import type { IncomingHttpHeaders } from 'node:http';
import type { WireBooking, WireEvent, WireKind, WireNotification } from '../format/wire-notification.js';

/** What a handler gets besides the notification. */
export interface HandlerContext<Tx> {
  /** The transaction in which the notification is remembered, if the store has one: the handler's work belongs in it. */
  readonly tx: Tx;
  /** How many attempts came before this one, from the header `X-Retry-Count`. */
  readonly retryCount: number;
  /** Of the request that brought it, alone or in a batch. */
  readonly headers: IncomingHttpHeaders;
}

/**
 * Does what a notification asks for; the sender is told that it is taken once the handler has returned, or its promise has
 * resolved. If it throws or rejects, the sender tries again; after a `NotificationRejectedError` it does not.
 */
export type NotificationHandler<Notification, Tx> = {
  // A method, so that a handler of bookings fits where handlers of any notification are kept.
  handle(notification: Notification, context: HandlerContext<Tx>): unknown;
}['handle'];

/**
 * The handlers by type of notification; `'*'` is for all types that have none. Handlers of `booking_…` and `event_…` get what
 * `notifyBooking`, `notifyEvent` and the hooks send; anything else of such a type is refused with 400.
 *
 * @example
 * const on: NotificationHandlers = {
 *   booking_created: ({ user_id, additional_data: { booking_id } }) => addToTimeline(user_id, booking_id),
 *   '*': ({ notification_type }) => count(notification_type),
 * };
 */
export interface NotificationHandlers<Tx = undefined> {
  readonly [type: `booking_${string}`]: NotificationHandler<WireBooking, Tx> | undefined;
  readonly [type: `event_${string}`]: NotificationHandler<WireEvent, Tx> | undefined;
  readonly [type: string]: NotificationHandler<WireNotification, Tx> | undefined;
}

/** The handler of a notification, and what the notification must have for it. */
export interface ChosenHandler<Tx> {
  readonly handle: NotificationHandler<WireNotification, Tx>;
  readonly kind: WireKind;
}

/** The handler for a type; undefined if there is none. */
export function chooseHandler<Tx>(handlers: NotificationHandlers<Tx>, type: string): ChosenHandler<Tx> | undefined {
  const own = Object.hasOwn(handlers, type) ? handlers[type] : undefined;
  if (own !== undefined) return { handle: own, kind: kindOf(type) };
  const rest = handlers['*'];
  return rest && { handle: rest, kind: 'notification' };
}

function kindOf(type: string): WireKind {
  if (type.startsWith('booking_')) return 'booking';
  return type.startsWith('event_') ? 'event' : 'notification';
}
