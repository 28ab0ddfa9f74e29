import { CRMValidationError, type Issue } from '../core/errors.js';
import {
  checkData,
  checkId,
  checkLane,
  checkStartDate,
  checkText,
  checkTypeWord,
  collectIssues,
} from './field-checks.js';
import type {
  BookingEvent,
  BookingInput,
  BookingUser,
  EventInput,
  NotificationDraft,
  NotificationInput,
} from './notification.js';
import { isPlainObject } from './plain-json.js';

type RecordPart = Readonly<Record<string, unknown>>;

/** A general notification's draft. Throws `CRMValidationError` with every issue found. */
export function buildNotification(input: NotificationInput): NotificationDraft {
  return checked(() => {
    const { notificationType, userId, message, additionalData, lane } = asFields(input);
    throwIssues(
      collectIssues([
        ['notificationType', notificationType, checkTypeWord()],
        ['userId', userId, checkId],
        ['message', message, checkText],
        ['additionalData', additionalData, checkData],
        ['lane', lane, checkLane],
      ]),
    );
    return {
      notificationType,
      userId,
      message,
      lane: lane ?? `user:${String(userId)}`,
      record: {},
      ownData: {},
      additionalData,
    };
  });
}

/** A booking notification's draft. Throws `CRMValidationError` with every issue found. */
export function buildBooking(input: BookingInput): NotificationDraft {
  return checked(() => {
    const { bookingId, userId, sessionId, action, user, event, facilitatorId, additionalData, lane } = asFields(input);
    throwIssues([
      ...collectIssues([
        ['bookingId', bookingId, checkId],
        ['userId', userId, checkId],
        ['sessionId', sessionId, checkId],
        ['action', action, checkTypeWord('booking_')],
        ['additionalData', additionalData, checkData],
        ['lane', lane, checkLane],
      ]),
      ...(user === undefined ? [] : userIssues(user)),
      ...(event === undefined ? [] : eventIssues(event)),
      ...(facilitatorId === undefined ? [] : collectIssues([['facilitatorId', facilitatorId, checkId]])),
    ]);
    const isRecord = user !== undefined && event !== undefined && facilitatorId !== undefined;
    return {
      notificationType: `booking_${action}`,
      userId,
      message: `Booking ${String(bookingId)} ${action}`,
      lane: lane ?? `booking:${String(bookingId)}`,
      record: isRecord
        ? { booking_id: bookingId, user: userRecord(user), event: eventRecord(event), facilitator_id: facilitatorId }
        : {},
      ownData: { booking_id: bookingId, session_id: sessionId, action },
      additionalData,
    };
  });
}

/** An event notification's draft. Throws `CRMValidationError` with every issue found. */
export function buildEvent(input: EventInput): NotificationDraft {
  return checked(() => {
    const { eventId, userId, action, additionalData, lane } = asFields(input);
    throwIssues(
      collectIssues([
        ['eventId', eventId, checkId],
        ['userId', userId, checkId],
        ['action', action, checkTypeWord('event_')],
        ['additionalData', additionalData, checkData],
        ['lane', lane, checkLane],
      ]),
    );
    return {
      notificationType: `event_${action}`,
      userId,
      message: `Event ${String(eventId)} ${action}`,
      lane: lane ?? `event:${String(eventId)}`,
      record: {},
      ownData: { event_id: eventId, action },
      additionalData,
    };
  });
}

function userIssues(user: BookingUser): Issue[] {
  if (!isPlainObject(user)) return [{ path: 'user', message: 'must be a plain object { id, name, email }' }];
  return collectIssues([
    ['user.id', user.id, checkId],
    ['user.name', user.name, checkText],
    ['user.email', user.email, checkText],
  ]);
}

function eventIssues(event: BookingEvent): Issue[] {
  if (!isPlainObject(event)) return [{ path: 'event', message: 'must be a plain object { id, title, startDate }' }];
  return collectIssues([
    ['event.id', event.id, checkId],
    ['event.title', event.title, checkText],
    ['event.startDate', startDateOf(event), checkStartDate],
  ]);
}

function userRecord(user: BookingUser): RecordPart {
  return { id: user.id, name: user.name, email: user.email };
}

function eventRecord(event: BookingEvent): RecordPart {
  return { id: event.id, title: event.title, start_date: startDateOf(event) };
}

function startDateOf(event: BookingEvent): string | Date {
  return 'startDate' in event ? event.startDate : event.start_date;
}

function asFields<Input>(input: Input): Input {
  if (typeof input === 'object' && input !== null) return input;
  throw new CRMValidationError([{ path: '', message: 'must be an object with the fields of the notification' }]);
}

function throwIssues(issues: readonly Issue[]): void {
  if (issues.length > 0) throw new CRMValidationError(issues);
}

/** A getter or proxy of the caller's may throw anything; what leaves here is a CRMValidationError. */
function checked<Result>(build: () => Result): Result {
  try {
    return build();
  } catch (error) {
    if (error instanceof CRMValidationError) throw error;
    throw new CRMValidationError([{ path: '', message: 'cannot be read: reading one of its properties throws' }]);
  }
}
