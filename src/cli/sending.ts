import type { CRMNotificationService, CRMReply } from '../client/crm-notification-service.js';
import type { AdditionalData, BookingEvent, BookingUser } from '../notification/notification.js';
import type { Notify } from '../notifier/notifier.js';
import type { Receipt } from '../notifier/receipt.js';
import type { CliContext } from './cli-context.js';
import type { CommandSession, CommonOptions } from './command-action.js';
import type { ConnectionOptions } from './connection-options.js';
import { idOf } from './id-value.js';
import { objectOf } from './json-value.js';

export interface SendOptions extends CommonOptions, ConnectionOptions {
  readonly userId: string;
  readonly data?: string;
  readonly lane?: string;
  readonly idsAsText?: true;
  readonly outbox?: string;
  readonly waitMs: number;
}

/** A notification on its way: the same fields by either road. */
export interface Sending {
  direct(service: CRMNotificationService): Promise<CRMReply>;
  accept(notifier: Notify): Promise<Receipt>;
}

/** Makes of a command's options what is to be sent; throws `UsageFailure` for JSON that is none. */
export type BuildSending<Options> = (session: CommandSession<Options>) => Promise<Sending>;

export interface BookingOptions extends SendOptions {
  readonly bookingId: string;
  readonly sessionId: string;
  readonly action: string;
  readonly user?: string;
  readonly event?: string;
  readonly facilitatorId?: string;
}

export interface EventOptions extends SendOptions {
  readonly eventId: string;
  readonly action: string;
}

export interface NotificationOptions extends SendOptions {
  readonly type: string;
  readonly message: string;
}

export async function buildBookingSending({ options, context }: CommandSession<BookingOptions>): Promise<Sending> {
  const id = (text: string) => idOf(text, options.idsAsText);
  // What they must be is for the library to say.
  const record = {
    user: (await objectOf('--user', options.user, context)) as BookingUser | undefined,
    event: (await objectOf('--event', options.event, context)) as BookingEvent | undefined,
    facilitatorId: options.facilitatorId === undefined ? undefined : id(options.facilitatorId),
  };
  const input = {
    bookingId: id(options.bookingId),
    userId: id(options.userId),
    sessionId: id(options.sessionId),
    action: options.action,
    ...record,
    ...(await commonFields(options, context)),
  };
  return {
    direct: (service) => service.sendBookingNotification(input),
    accept: (notifier) => notifier.notifyBooking(input),
  };
}

export async function buildEventSending({ options, context }: CommandSession<EventOptions>): Promise<Sending> {
  const input = {
    eventId: idOf(options.eventId, options.idsAsText),
    userId: idOf(options.userId, options.idsAsText),
    action: options.action,
    ...(await commonFields(options, context)),
  };
  return {
    direct: (service) => service.sendEventNotification(input),
    accept: (notifier) => notifier.notifyEvent(input),
  };
}

export async function buildNotificationSending({
  options,
  context,
}: CommandSession<NotificationOptions>): Promise<Sending> {
  const input = {
    notificationType: options.type,
    userId: idOf(options.userId, options.idsAsText),
    message: options.message,
    ...(await commonFields(options, context)),
  };
  return {
    direct: (service) => service.sendNotification(input),
    accept: (notifier) => notifier.notify(input),
  };
}

interface CommonFields {
  readonly additionalData: AdditionalData | undefined;
  readonly lane: string | undefined;
}

async function commonFields({ data, lane }: SendOptions, context: CliContext): Promise<CommonFields> {
  return { additionalData: await objectOf('--data', data, context), lane };
}
