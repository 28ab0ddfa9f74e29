import type { Issue } from '../core/errors.js';
import { checkId, checkSessionId, checkText, checkTypeWord, collectIssues } from '../notification/field-checks.js';
import type { WireId } from '../notification/notification.js';
import { isPlainObject } from '../notification/plain-json.js';

/** A notification by its names on the wire; docs/wire-format.md describes them. */
export interface WireNotification {
  /** The same on every attempt. */
  readonly notification_id: string;
  /** Such as `booking_created`: 1 to 64 characters of `a-z`, `0-9` and `_`. */
  readonly notification_type: string;
  readonly user_id: WireId;
  readonly message: string;
  /** When it occurred, in ISO 8601. */
  readonly timestamp: string;
  readonly additional_data: Readonly<Record<string, unknown>>;
}

/** What a booking notification has besides, if it is a booking record as well. */
export interface WireBookingRecord {
  readonly booking_id?: WireId;
  readonly user?: { readonly id: WireId; readonly name: string; readonly email: string };
  readonly event?: { readonly id: WireId; readonly title: string; readonly start_date: string };
  readonly facilitator_id?: WireId;
}

/** A notification of a booking. */
export interface WireBooking extends WireNotification, WireBookingRecord {
  readonly additional_data: {
    readonly booking_id: WireId;
    /** Null if the booking has none. */
    readonly session_id: WireId | null;
    /** What happened to it: the type without `booking_`. */
    readonly action: string;
    /** The app's own data. */
    readonly [key: string]: unknown;
  };
}

/** A notification of an event. */
export interface WireEvent extends WireNotification {
  readonly additional_data: {
    readonly event_id: WireId;
    /** What happened to it: the type without `event_`. */
    readonly action: string;
    /** The app's own data. */
    readonly [key: string]: unknown;
  };
}

/** What must be there: `notification` stands for any, the others also for what is particular to them. */
export type WireKind = 'notification' | 'booking' | 'event';

const maxIdLength = 128;

const generalChecks = {
  notification_id: checkNotificationId,
  notification_type: checkTypeWord(),
  user_id: checkId,
  message: checkText,
  timestamp: checkTimestamp,
  additional_data: checkObject,
};

const dataChecks = {
  notification: {},
  booking: {
    'additional_data.booking_id': checkId,
    'additional_data.session_id': checkSessionId,
    'additional_data.action': checkText,
  },
  event: { 'additional_data.event_id': checkId, 'additional_data.action': checkText },
};

const recordKeys = ['booking_id', 'user', 'event', 'facilitator_id'];

const recordChecks = {
  booking_id: checkId,
  'user.id': checkId,
  'user.name': checkText,
  'user.email': checkText,
  'event.id': checkId,
  'event.title': checkText,
  'event.start_date': checkText,
  facilitator_id: checkId,
};

/** What is wrong with a body's JSON, by path; empty if it is a notification of this kind. No value is repeated. */
export function wireIssues(json: unknown, kind: WireKind): readonly Issue[] {
  if (!isPlainObject(json)) return [{ path: '', message: 'must be a JSON object' }];
  const issues = collectIssues(json, generalChecks);
  if (isPlainObject(json['additional_data'])) {
    issues.push(...collectIssues(membersOf(json, 'additional_data'), dataChecks[kind]));
  }
  if (kind === 'booking' && recordKeys.some((key) => Object.hasOwn(json, key))) {
    const record = { ...json, ...membersOf(json, 'user'), ...membersOf(json, 'event') };
    issues.push(...collectIssues(record, recordChecks));
  }
  return issues;
}

/** The members of an object in the JSON, by their paths. */
function membersOf(json: Readonly<Record<string, unknown>>, name: string): Readonly<Record<string, unknown>> {
  const object = json[name];
  if (!isPlainObject(object)) return {};
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [`${name}.${key}`, value]));
}

/** An id may become a header's value, so it is visible ASCII. */
function checkNotificationId(value: unknown): string | undefined {
  if (value === undefined) return 'is missing';
  return typeof value === 'string' && value.length <= maxIdLength && /^[\x21-\x7e]+$/.test(value)
    ? undefined
    : `must be 1 to ${String(maxIdLength)} characters of visible ASCII`;
}

function checkTimestamp(value: unknown): string | undefined {
  if (value === undefined) return 'is missing';
  const isInstant =
    typeof value === 'string' &&
    /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/.test(value) &&
    !Number.isNaN(Date.parse(value));
  return isInstant ? undefined : 'must be an instant in ISO 8601, such as 2026-11-24T01:02:03.004Z';
}

function checkObject(value: unknown): string | undefined {
  if (value === undefined) return 'is missing';
  return isPlainObject(value) ? undefined : 'must be an object';
}
