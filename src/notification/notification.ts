/** The data types of a notification, from the app's input to the text that is posted. */

/**
 * Identifies a record of the app: a positive safe integer, a string of 1 to 128 characters, or an object that stands for its
 * hexadecimal string, such as MongoDB's `ObjectId`. Nothing else is coerced.
 */
export type Id = WireId | HexId;

/** An id as it is sent. */
export type WireId = number | string;

/** Such as `ObjectId` of MongoDB and Mongoose. */
export interface HexId {
  toHexString(): string;
  toString(): string;
}

/** Any JSON value, as RFC 8259 defines it. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/**
 * Further data for the CRM: plain objects, arrays, strings, finite numbers, booleans, null and valid dates (sent as
 * ISO 8601 strings). Keys whose value is undefined are left out; everything else is rejected with its path.
 */
export type AdditionalData = Readonly<Record<string, unknown>>;

/**
 * A general notification.
 *
 * @example
 * const input: NotificationInput = { notificationType: 'user_registered', userId: 123, message: 'New user' };
 */
export interface NotificationInput {
  /** What happened, such as `user_registered`: 1 to 64 characters of `a-z`, `0-9` and `_`. */
  readonly notificationType: string;
  /** The user it happened to. */
  readonly userId: Id;
  /** One sentence for people. Leave out personal data that the CRM does not need. */
  readonly message: string;
  /** Further data, sent as `additional_data`. */
  readonly additionalData?: AdditionalData | undefined;
  /**
   * The lane in which it is delivered: notifications of one lane arrive in the order they were accepted.
   * @default `user:<userId>`
   */
  readonly lane?: string | undefined;
  /**
   * The names of the targets it is for, where several are configured.
   * @default all
   */
  readonly targets?: readonly string[] | undefined;
}

/** What a mapper of `afterResponse` returns; the hook has the type. */
export type NotificationFields = Omit<NotificationInput, 'notificationType'>;

/** The person a booking is for, as a booking record shows them. */
export interface BookingUser {
  readonly id: Id;
  readonly name: string;
  readonly email: string;
}

/** The event that was booked, as a booking record shows it. */
export type BookingEvent = { readonly id: Id; readonly title: string } & (
  | { /** An ISO 8601 string, passed on as it is, or a date. */ readonly startDate: string | Date }
  | { /** The same under its name on the wire. */ readonly start_date: string | Date }
);

/** The fields of a booking notification, without the action. */
export interface BookingFields {
  readonly bookingId: Id;
  readonly userId: Id;
  /** The session that was booked; null for a booking without one. */
  readonly sessionId: Id | null;
  /** Together with `event` and `facilitatorId` it makes the notification a booking record as well; otherwise it is not sent. */
  readonly user?: BookingUser | undefined;
  /** See `user`. */
  readonly event?: BookingEvent | undefined;
  /** See `user`. */
  readonly facilitatorId?: Id | undefined;
  /** Merged after `booking_id`, `session_id` and `action`, which it cannot replace. */
  readonly additionalData?: AdditionalData | undefined;
  /** @default `booking:<bookingId>` */
  readonly lane?: string | undefined;
  /** The names of the targets it is for. @default all */
  readonly targets?: readonly string[] | undefined;
}

/** A booking notification; its type on the wire is `booking_<action>`. */
export interface BookingInput extends BookingFields {
  /** What happened to it: `created`, `cancelled`, `reactivated`, or your own word of `a-z`, `0-9` and `_`. */
  readonly action: string;
}

/** The fields of an event notification, without the action. */
export interface EventFields {
  readonly eventId: Id;
  readonly userId: Id;
  /** Merged after `event_id` and `action`, which it cannot replace. */
  readonly additionalData?: AdditionalData | undefined;
  /** @default `event:<eventId>` */
  readonly lane?: string | undefined;
  /** The names of the targets it is for. @default all */
  readonly targets?: readonly string[] | undefined;
}

/** An event notification; its type on the wire is `event_<action>`. */
export interface EventInput extends EventFields {
  /** What happened to it: `created`, `updated`, `deleted`, or your own word of `a-z`, `0-9` and `_`. */
  readonly action: string;
}

/** A notification that is checked, but not yet serialised. */
export interface NotificationDraft {
  readonly notificationType: string;
  readonly userId: WireId;
  readonly message: string;
  readonly lane: string;
  /** The names of its targets; undefined for all. */
  readonly targets: readonly string[] | undefined;
  /** The keys of a booking record, which are sent beside the general ones; may be empty. */
  readonly record: Readonly<Record<string, unknown>>;
  /** This package's own data: its keys win over those of `additionalData`. */
  readonly ownData: Readonly<Record<string, JsonValue>>;
  readonly additionalData: AdditionalData | undefined;
}

/** A notification as it is stored and sent: it never changes again. */
export interface Notification {
  /** UUIDv7; the same on every attempt. */
  readonly id: string;
  readonly type: string;
  readonly lane: string;
  /** The instant it occurred, in milliseconds since 1970. */
  readonly occurredAt: number;
  /** The exact text of the POST's body, sent as UTF-8. */
  readonly body: string;
  /** The W3C `traceparent` of the request it happened in. */
  readonly traceparent: string | undefined;
}
