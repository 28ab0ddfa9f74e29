import { CRMValidationError, type Issue } from '../core/errors.js';
import { readingGiven, unreadable } from '../core/reading-given.js';
import {
  checkData,
  checkId,
  checkLane,
  checkSessionId,
  checkStartDate,
  checkTargets,
  checkText,
  checkTypeWord,
  collectIssues,
} from './field-checks.js';
import type {
  BookingEvent,
  BookingFields,
  BookingInput,
  BookingUser,
  EventFields,
  EventInput,
  NotificationDraft,
  NotificationFields,
  NotificationInput,
} from './notification.js';
import { wireId } from './hex-id.js';
import { isPlainObject } from './plain-json.js';

const generalChecks = {
  notificationType: checkTypeWord(),
  userId: checkId,
  message: checkText,
  additionalData: checkData,
  lane: checkLane,
  targets: checkTargets,
};
const bookingChecks = {
  bookingId: checkId,
  userId: checkId,
  sessionId: checkSessionId,
  action: checkTypeWord('booking_'),
  additionalData: checkData,
  lane: checkLane,
  targets: checkTargets,
};
const eventChecks = {
  eventId: checkId,
  userId: checkId,
  action: checkTypeWord('event_'),
  additionalData: checkData,
  lane: checkLane,
  targets: checkTargets,
};
const userChecks = { 'user.id': checkId, 'user.name': checkText, 'user.email': checkText };
const eventPartChecks = { 'event.id': checkId, 'event.title': checkText, 'event.startDate': checkStartDate };

type RecordPart = Readonly<Record<string, unknown>>;

/** A general notification's draft. Throws `CRMValidationError` with every issue found. */
export function buildNotification(input: NotificationInput): NotificationDraft {
  return checked(() => draftNotification(asFields(input), input.notificationType));
}

/** As `buildNotification`, from what a hook's mapper returned; the hook has the type. */
export function buildNotificationOf(fields: NotificationFields, notificationType: string): NotificationDraft {
  return checked(() => draftNotification(asFields(fields), notificationType));
}

function draftNotification(fields: NotificationFields, notificationType: string): NotificationDraft {
  const { message, additionalData, lane, targets } = fields;
  const userId = wireId(fields.userId);
  throwIssues(collectIssues({ notificationType, userId, message, additionalData, lane, targets }, generalChecks));
  return {
    notificationType,
    userId,
    message,
    lane: lane ?? `user:${String(userId)}`,
    targets,
    record: {},
    ownData: {},
    additionalData,
  };
}

/** A booking notification's draft. Throws `CRMValidationError` with every issue found. */
export function buildBooking(input: BookingInput): NotificationDraft {
  return checked(() => draftBooking(asFields(input), input.action));
}

/** As `buildBooking`, from what a hook's mapper returned; the hook has the action. */
export function buildBookingOf(fields: BookingFields, action: string): NotificationDraft {
  return checked(() => draftBooking(asFields(fields), action));
}

function draftBooking(fields: BookingFields, action: string): NotificationDraft {
  const { user, event, additionalData, lane, targets } = fields;
  const [bookingId, userId] = [wireId(fields.bookingId), wireId(fields.userId)];
  const [sessionId, facilitatorId] = [wireId(fields.sessionId), wireId(fields.facilitatorId)];
  const issues = collectIssues({ bookingId, userId, sessionId, action, additionalData, lane, targets }, bookingChecks);
  if (user !== undefined) issues.push(...userIssues(user));
  if (event !== undefined) issues.push(...eventIssues(event));
  if (facilitatorId !== undefined) issues.push(...collectIssues({ facilitatorId }, { facilitatorId: checkId }));
  throwIssues(issues);
  const isRecord = user !== undefined && event !== undefined && facilitatorId !== undefined;
  return {
    notificationType: `booking_${action}`,
    userId,
    message: `Booking ${String(bookingId)} ${action}`,
    lane: lane ?? `booking:${String(bookingId)}`,
    targets,
    record: isRecord
      ? { booking_id: bookingId, user: userRecord(user), event: eventRecord(event), facilitator_id: facilitatorId }
      : {},
    ownData: { booking_id: bookingId, session_id: sessionId, action },
    additionalData,
  };
}

/** An event notification's draft. Throws `CRMValidationError` with every issue found. */
export function buildEvent(input: EventInput): NotificationDraft {
  return checked(() => draftEvent(asFields(input), input.action));
}

/** As `buildEvent`, from what a hook's mapper returned; the hook has the action. */
export function buildEventOf(fields: EventFields, action: string): NotificationDraft {
  return checked(() => draftEvent(asFields(fields), action));
}

function draftEvent(fields: EventFields, action: string): NotificationDraft {
  const { additionalData, lane, targets } = fields;
  const [eventId, userId] = [wireId(fields.eventId), wireId(fields.userId)];
  throwIssues(collectIssues({ eventId, userId, action, additionalData, lane, targets }, eventChecks));
  return {
    notificationType: `event_${action}`,
    userId,
    message: `Event ${String(eventId)} ${action}`,
    lane: lane ?? `event:${String(eventId)}`,
    targets,
    record: {},
    ownData: { event_id: eventId, action },
    additionalData,
  };
}

function userIssues(user: BookingUser): Issue[] {
  if (!isPlainObject(user)) return [{ path: 'user', message: 'must be a plain object { id, name, email }' }];
  const { id, name, email } = user;
  return collectIssues({ 'user.id': wireId(id), 'user.name': name, 'user.email': email }, userChecks);
}

function eventIssues(event: BookingEvent): Issue[] {
  if (!isPlainObject(event)) return [{ path: 'event', message: 'must be a plain object { id, title, startDate }' }];
  const { id, title } = event;
  return collectIssues(
    { 'event.id': wireId(id), 'event.title': title, 'event.startDate': startDateOf(event) },
    eventPartChecks,
  );
}

function userRecord(user: BookingUser): RecordPart {
  return { id: wireId(user.id), name: user.name, email: user.email };
}

function eventRecord(event: BookingEvent): RecordPart {
  return { id: wireId(event.id), title: event.title, start_date: startDateOf(event) };
}

function startDateOf(event: BookingEvent): string | Date {
  return 'startDate' in event ? event.startDate : event.start_date;
}

function asFields<Input>(input: Input): Input {
  if (typeof input === 'object' && input !== null) {
    // The name on the wire; without this, what is in it would be lost without a word.
    if ('additional_data' in input && !('additionalData' in input)) {
      throw new CRMValidationError([{ path: 'additional_data', message: 'is called additionalData here' }]);
    }
    return input;
  }
  throw new CRMValidationError([{ path: '', message: 'must be an object with the fields of the notification' }]);
}

function throwIssues(issues: readonly Issue[]): void {
  if (issues.length > 0) throw new CRMValidationError(issues);
}

function checked(build: () => NotificationDraft): NotificationDraft {
  return readingGiven(build, () => new CRMValidationError([{ path: '', message: unreadable }]));
}
