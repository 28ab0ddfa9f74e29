import { notAwaited } from '../core/call-safely.js';
import { CRMValidationError, type Issue } from '../core/errors.js';
import { checkId, checkStartDate, checkText } from '../notification/field-checks.js';
import { wireId } from '../notification/hex-id.js';
import type { BookingEvent, BookingFields, BookingUser, EventFields, Id } from '../notification/notification.js';
import type { HookContext } from './hook.js';

type Source = Readonly<Record<string, unknown>>;

/** Finds a booking's fields in the response. Throws `CRMValidationError`, which names what is missing and the fix. */
export function mapBooking(body: unknown, context: HookContext): BookingFields {
  const booking = findSource('booking', body, context);
  const { params } = context.req;
  const ids = {
    bookingId: firstOf(
      ...idsOf(booking),
      booking['bookingId'],
      booking['booking_id'],
      params['bookingId'],
      params['id'],
    ),
    userId: userIdOf(booking, context),
    sessionId: sessionIdOf(booking),
  };
  requireAll(ids, 'booking', '{ id, userId, sessionId }', body, ' (sessionId: null if it has none)');
  return { ...(ids as Pick<BookingFields, keyof typeof ids>), ...recordOf(booking) };
}

/** As `mapBooking`, for an event. */
export function mapEvent(body: unknown, context: HookContext): EventFields {
  const event = findSource('event', body, context);
  const { params } = context.req;
  const ids = {
    eventId: firstOf(...idsOf(event), event['eventId'], event['event_id'], params['eventId'], params['id']),
    userId: userIdOf(event, context),
  };
  requireAll(ids, 'event', '{ id, userId }', body);
  return ids as EventFields;
}

/** Returns the entity from the first place that has one, or an empty object. */
function findSource(name: 'booking' | 'event', body: unknown, { res }: HookContext): Source {
  const given = asSource((res.locals as Source)[name]);
  if (given !== undefined) return given;
  const whole = asSource(body) ?? {};
  const direct = asSource(whole[name]);
  if (direct !== undefined) return direct;
  const [data, result] = [asSource(whole['data']), asSource(whole['result'])];
  return asSource(data?.[name]) ?? asSource(result?.[name]) ?? data ?? result ?? whole;
}

/** An id and MongoDB's. */
function idsOf(source: Source | undefined): unknown[] {
  return [source?.['id'], source?.['_id']];
}

function userIdOf(source: Source, { req }: HookContext): unknown {
  const { user, auth } = req as { user?: unknown; auth?: unknown };
  return firstOf(
    source['userId'],
    source['user_id'],
    ...idsOf(asSource(source['user'])),
    // As it is, because what `toJSON` leaves out is meant for clients.
    ...idsOf(isObject(user) ? user : undefined),
    isObject(auth) ? auth['userId'] : undefined,
    isObject(auth) ? auth['sub'] : undefined,
  );
}

/** Null when the booking says that it has none. */
function sessionIdOf(booking: Source): unknown {
  const { sessionId, session_id: sameInSnakeCase, session } = booking;
  const found = firstOf(sessionId, sameInSnakeCase, ...idsOf(asSource(session)));
  return found ?? ([sessionId, sameInSnakeCase, session].includes(null) ? null : undefined);
}

/** The three parts of a booking record, if all are present and valid. Nothing else of the body is taken. */
function recordOf(booking: Source): Pick<BookingFields, 'user' | 'event' | 'facilitatorId'> {
  const user = asSource(booking['user']);
  const event = asSource(booking['event']);
  if (user === undefined || event === undefined) return {};
  const [userId, eventId] = [firstOf(...idsOf(user)), firstOf(...idsOf(event))];
  const facilitatorId = firstOf(booking['facilitatorId'], booking['facilitator_id']);
  const startDate = firstOf(event['start_date'], event['startDate']);
  const isComplete =
    [userId, eventId, facilitatorId].every((id) => checkId(wireId(id as Id)) === undefined) &&
    [user['name'], user['email'], event['title']].every((text) => checkText(text) === undefined) &&
    checkStartDate(startDate) === undefined;
  if (!isComplete) return {};
  return {
    user: { id: userId, name: user['name'], email: user['email'] } as BookingUser,
    event: { id: eventId, title: event['title'], startDate } as BookingEvent,
    facilitatorId: facilitatorId as Id,
  };
}

/** Throws if something is missing. The builder checks whether each is a valid id. `shape` is what the app should have set. */
function requireAll(found: Source, entity: 'booking' | 'event', shape: string, body: unknown, note = ''): void {
  const hook = entity === 'booking' ? 'afterBooking' : 'afterEvent';
  const issues: Issue[] = Object.keys(found)
    .filter((name) => found[name] === undefined)
    .map((path) => ({
      path,
      message: `${notFound(body)}; set res.locals.${entity} = ${shape}${note} before responding, or give ${hook} a mapper`,
    }));
  if (issues.length > 0) throw new CRMValidationError(issues);
}

function notFound(body: unknown): string {
  if (isObject(body)) return 'not found in the response';
  if (Array.isArray(body)) return 'not found: the response is an array';
  return body === undefined
    ? 'not found: the response was made without res.json'
    : 'not found: the response is no object';
}

/** An object as `JSON.stringify` would read it: through its `toJSON`, if it has one. */
function asSource(value: unknown): Source | undefined {
  if (!isObject(value)) return undefined;
  const { toJSON } = value;
  const read: unknown = typeof toJSON === 'function' ? notAwaited(toJSON.call(value, '') as unknown) : value;
  return isObject(read) ? read : undefined;
}

function isObject(value: unknown): value is Source {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function firstOf(...values: unknown[]): unknown {
  return values.find((value) => value !== undefined && value !== null);
}
