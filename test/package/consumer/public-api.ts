/**
 * The public API as an app's types see it. Compiled, never run: against the packed .d.ts files, with each supported
 * compiler and each supported major version of Express's types. Each `@ts-expect-error` is a promise: the compiler must
 * complain there, and does not where something has quietly become `any`.
 */
import express, { type Response } from 'express';
import {
  afterBooking,
  afterEvent,
  afterResponse,
  createNotifier,
  CRMHttpError,
  CRMNotificationService,
  isCRMNotificationError,
} from 'express-crm-notifier';

const app = express();
const crm = createNotifier({ baseUrl: 'https://crm.example', outbox: ':memory:', timeoutMs: undefined });
app.use(crm.middleware());

interface BookingReply {
  readonly booking: { readonly id: number; readonly userId: number; readonly sessionId: number };
}
declare const booking: BookingReply['booking'];

// A hook without a mapper leaves the handler's types alone: the parameters still come from the path.
app.post('/bookings/:bookingId', afterBooking('created'), (req, res) => {
  const id: string = req.params.bookingId;
  // @ts-expect-error -- the path has no such parameter
  const none: string = req.params.eventId;
  res.status(201).json({ id, none });
});

// A mapper that says what body it reads holds the handler to it, and the parameters still come from the path.
app.put(
  '/bookings/:bookingId',

  afterBooking('updated', (body: BookingReply) => ({
    bookingId: body.booking.id,
    userId: body.booking.userId,
    sessionId: body.booking.sessionId,
  })),
  (req, res) => {
    const id: string = req.params.bookingId;
    // @ts-expect-error -- the path has no such parameter
    const none: string = req.params.eventId;
    // @ts-expect-error -- not what the mapper reads
    res.json({ bookings: [id, none] });
    res.json({ booking });
  },
);

// Error responses are let through, annotated or not, and so is a union of the handler's own.
interface Problem {
  readonly type: string;
  readonly title: string;
}
app.put(
  '/bookings/:bookingId/session',
  afterBooking('moved', (body: BookingReply) => ({
    bookingId: body.booking.id,
    userId: body.booking.userId,
    sessionId: null,
  })),
  (_req, res) => {
    res.status(400).json({ error: 'no such session', details: ['session'] });
    res.status(422).json({ errors: [{ path: 'session' }] });
    res.status(409).json({ message: 'taken' });
    // @ts-expect-error -- neither a booking nor an error
    res.json({ bookings: [] });
    res.json({ booking });
  },
);
app.put(
  '/bookings/:bookingId/guest',
  afterBooking('changed', (body: BookingReply | Problem) =>
    'booking' in body
      ? { bookingId: body.booking.id, userId: body.booking.userId, sessionId: body.booking.sessionId }
      : undefined,
  ),
  (_req, res: Response<BookingReply | Problem>) => {
    res.status(400).json({ type: 'about:blank', title: 'no such guest' });
    res.json({ booking });
  },
);
// A handler that is annotated with the mapper's type alone is accepted as before.
app.put(
  '/bookings/:bookingId/room',
  afterBooking('changed', (body: BookingReply) => ({ bookingId: body.booking.id, userId: 1, sessionId: 2 })),
  (_req, res: Response<BookingReply>) => {
    res.json({ booking });
  },
);
// Options beside an annotated mapper have their types.
app.put(
  '/bookings/:bookingId/plan',
  afterBooking('changed', (body: BookingReply) => ({ bookingId: body.booking.id, userId: 1, sessionId: 2 }), {
    when: ({ req, res }) => req.method === 'PUT' && res.statusCode === 200,
    lane: ({ bookingId }) => `plan:${String(bookingId)}`,
  }),
  (_req, res) => res.json({ booking }),
);
app.put(
  '/users/:id/plan',
  afterResponse('plan_changed', (body: { id: number }) => ({ userId: body.id, message: 'Plan changed' }), {
    when: ({ req }) => req.query['draft'] === undefined,
  }),
  (_req, res) => res.json({ id: 1 }),
);
// Also with an id as MongoDB has it.
declare const objectId: { toHexString(): string };
app.put(
  '/bookings/:bookingId/mongo',
  afterBooking('changed', () => ({ bookingId: objectId, userId: objectId, sessionId: objectId })),
  (_req, res) => res.json({}),
);

// The wrapping form reads the body's type off the handler.
app.patch(
  '/bookings/:bookingId',
  afterBooking(
    'moved',
    (_req, res: Response<BookingReply>) => {
      res.json({ booking });
    },
    (body) => ({
      bookingId: body.booking.id,
      userId: body.booking.userId,
      // @ts-expect-error -- the handler answers with no such thing
      sessionId: body.booking.session.id as number,
    }),
  ),
);

// `res.locals.crm` is typed everywhere, without a cast.
app.post('/events/:id', afterEvent('updated'), async (_req, res) => {
  const receipt = await res.locals.crm.notify({ notificationType: 'event_seen', userId: 123, message: 'Event seen' });
  const id: string | undefined = receipt.accepted ? receipt.id : undefined;
  // @ts-expect-error -- a refused notification has no id
  if (!receipt.accepted) res.json(receipt.id);
  // @ts-expect-error -- no such property
  const nothing: unknown = res.locals.crm.nothingOfTheKind;
  // @ts-expect-error -- a user is needed
  await res.locals.crm.notify({ notificationType: 'event_seen', message: 'Event seen' });
  res.json({ id, nothing });
});

// A mapper may ask for time, may decide to tell nothing, and sees the request.
app.post(
  '/users',
  afterResponse('user_registered', async (body: { readonly userId: number }, { req }) =>
    req.query['silent'] === '1'
      ? undefined
      : Promise.resolve({ userId: body.userId, message: 'New user registered', additionalData: { via: 'web' } }),
  ),
  (_req, res) => {
    res.json({ userId: 123 });
  },
);
// @ts-expect-error -- only bookings and events have a default mapping
app.post('/nothing', afterResponse('user_registered'));

export async function direct(): Promise<void> {
  await using service = new CRMNotificationService({ timeoutMs: 5000 });
  const healthy: boolean = await service.testConnection();
  try {
    await service.sendBookingNotification({ bookingId: 456, userId: 123, sessionId: 789, action: 'created' });
    await service.sendEventNotification({ eventId: 101, userId: 123, action: 'cancelled' });
    // @ts-expect-error -- an id is a number or a string
    await service.sendNotification({ notificationType: 'user_registered', userId: true, message: `${healthy}` });
  } catch (error) {
    if (isCRMNotificationError(error) && error.retryable) throw error;
    if (error instanceof CRMHttpError) throw new Error(`the CRM said ${error.status}`, { cause: error });
  }
}

export async function operate(): Promise<number> {
  crm.on('dead', () => undefined);
  // @ts-expect-error -- no such event
  crm.on('error', () => undefined);
  const { pending } = await crm.stats();
  await crm.deadLetters.redeliverAll();
  const report = await crm.close({ timeoutMs: 5000 });
  return pending + report.pending;
}
