import { CRMValidationError, type Issue } from '../core/errors.js';
import { checkId, checkStartDate, checkText } from '../notification/field-checks.js';
import type { BookingEvent, BookingFields, BookingUser, EventFields, Id } from '../notification/notification.js';
import type { HookContext } from './hook.js';

type Source = Readonly<Record<string, unknown>>;

/** Finds a booking's fields in the response. Throws `CRMValidationError`, which names what is missing and the fix. */
export function mapBooking(body: unknown, context: HookContext): BookingFields {
  const booking = findSource('booking', body, context);
  const { params } = context.req;
  const ids = required('booking', {
    bookingId: firstOf(booking['id'], booking['bookingId'], booking['booking_id'], params['bookingId'], params['id']),
    userId: userIdOf(booking, context),
    sessionId: firstOf(booking['sessionId'], booking['session_id'], member(booking, 'session', 'id')),
  });
  return { ...ids, ...recordOf(booking) };
}

/** As `mapBooking`, for an event. */
export function mapEvent(body: unknown, context: HookContext): EventFields {
  const event = findSource('event', body, context);
  const { params } = context.req;
  return required('event', {
    eventId: firstOf(event['id'], event['eventId'], event['event_id'], params['eventId'], params['id']),
    userId: userIdOf(event, context),
  });
}

/** Returns the entity from the first place that has one, or an empty object. */
function findSource(name: 'booking' | 'event', body: unknown, { res }: HookContext): Source {
  const locals = res.locals as Source;
  const whole = asSource(body);
  return asSource(locals[name]) ?? asSource(whole?.[name]) ?? asSource(whole?.['data']) ?? whole ?? {};
}

function userIdOf(source: Source, { req }: HookContext): unknown {
  const { user, auth } = req as { user?: unknown; auth?: unknown };
  return firstOf(
    source['userId'],
    source['user_id'],
    member(source, 'user', 'id'),
    asSource(user)?.['id'],
    asSource(auth)?.['userId'],
    asSource(auth)?.['sub'],
  );
}

/** The three parts of a booking record, if all are present and valid. Nothing else of the body is taken. */
function recordOf(booking: Source): Pick<BookingFields, 'user' | 'event' | 'facilitatorId'> {
  const user = asSource(booking['user']);
  const event = asSource(booking['event']);
  if (user === undefined || event === undefined) return {};
  const facilitatorId = firstOf(booking['facilitatorId'], booking['facilitator_id']);
  const startDate = firstOf(event['start_date'], event['startDate']);
  const isComplete =
    [user['id'], event['id'], facilitatorId].every((id) => checkId(id) === undefined) &&
    [user['name'], user['email'], event['title']].every((text) => checkText(text) === undefined) &&
    checkStartDate(startDate) === undefined;
  if (!isComplete) return {};
  return {
    user: { id: user['id'], name: user['name'], email: user['email'] } as BookingUser,
    event: { id: event['id'], title: event['title'], startDate } as BookingEvent,
    facilitatorId: facilitatorId as Id,
  };
}

/** Returns what was found if nothing is missing. The builder checks whether each is a valid id. */
function required<Name extends string>(
  entity: 'booking' | 'event',
  found: Readonly<Record<Name, unknown>>,
): Readonly<Record<Name, Id>> {
  const hook = entity === 'booking' ? 'afterBooking' : 'afterEvent';
  const issues: Issue[] = (Object.keys(found) as Name[])
    .filter((name) => found[name] === undefined)
    .map((path) => ({
      path,
      message: `not found; respond with { ${entity}: { … } }, set res.locals.${entity}, or give ${hook} a mapper`,
    }));
  if (issues.length > 0) throw new CRMValidationError(issues);
  return found as Readonly<Record<Name, Id>>;
}

function asSource(value: unknown): Source | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Source) : undefined;
}

function member(source: Source, name: string, key: string): unknown {
  return asSource(source[name])?.[key];
}

function firstOf(...values: unknown[]): unknown {
  return values.find((value) => value !== undefined && value !== null);
}
