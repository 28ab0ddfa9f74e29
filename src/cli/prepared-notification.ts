import type { CRMNotificationService, CRMReply } from '../client/crm-notification-service.js';
import type { BookingEvent, BookingUser } from '../notification/notification.js';
import type { Notify } from '../notifier/notify.js';
import type { Receipt } from '../notifier/receipt.js';
import { parseId, readJsonObject } from './arguments.js';
import type { CliContext } from './command.js';

/** What every notification needs or may have. */
export interface NotifyOptions {
  readonly userId: string;
  readonly data?: string;
  readonly lane?: string;
  readonly idsAsText?: true;
}

export interface BookingOptions extends NotifyOptions {
  readonly bookingId: string;
  readonly sessionId: string;
  readonly action: string;
  readonly user?: string;
  readonly event?: string;
  readonly facilitatorId?: string;
}

export interface EventOptions extends NotifyOptions {
  readonly eventId: string;
  readonly action: string;
}

export interface NotificationOptions extends NotifyOptions {
  readonly type: string;
  readonly message: string;
}

/** One notification, ready to go either way: straight to the CRM, or into an outbox. */
export interface PreparedNotification {
  send(service: CRMNotificationService): Promise<CRMReply>;
  accept(notifier: Notify): Promise<Receipt>;
}

export type Prepare<Options> = (options: Options, context: CliContext) => Promise<PreparedNotification>;

export async function prepareBooking(options: BookingOptions, context: CliContext): Promise<PreparedNotification> {
  const { idsAsText, facilitatorId } = options;
  const input = {
    bookingId: parseId(options.bookingId, idsAsText),
    userId: parseId(options.userId, idsAsText),
    sessionId: parseId(options.sessionId, idsAsText),
    action: options.action,
    // The library checks what is in these.
    user: (await readJsonObject('--user', options.user, context)) as BookingUser | undefined,
    event: (await readJsonObject('--event', options.event, context)) as BookingEvent | undefined,
    facilitatorId: facilitatorId === undefined ? undefined : parseId(facilitatorId, idsAsText),
    additionalData: await readJsonObject('--data', options.data, context),
    lane: options.lane,
  };
  return {
    send: (service) => service.sendBookingNotification(input),
    accept: (notifier) => notifier.notifyBooking(input),
  };
}

export async function prepareEvent(options: EventOptions, context: CliContext): Promise<PreparedNotification> {
  const input = {
    eventId: parseId(options.eventId, options.idsAsText),
    userId: parseId(options.userId, options.idsAsText),
    action: options.action,
    additionalData: await readJsonObject('--data', options.data, context),
    lane: options.lane,
  };
  return {
    send: (service) => service.sendEventNotification(input),
    accept: (notifier) => notifier.notifyEvent(input),
  };
}

export async function prepareNotification(
  options: NotificationOptions,
  context: CliContext,
): Promise<PreparedNotification> {
  const input = {
    notificationType: options.type,
    userId: parseId(options.userId, options.idsAsText),
    message: options.message,
    additionalData: await readJsonObject('--data', options.data, context),
    lane: options.lane,
  };
  return {
    send: (service) => service.sendNotification(input),
    accept: (notifier) => notifier.notify(input),
  };
}
