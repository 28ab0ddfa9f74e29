import { z } from 'zod';

const MAX_ID_LENGTH = 128;
const ID_RULE = `must be a positive integer or a string of 1 to ${MAX_ID_LENGTH} characters`;
const INSTANT_RULE = 'must be an ISO 8601 instant, as in 2026-11-24T01:02:03.004Z';

const text = z.string().min(1, 'must not be empty');
const id = z.union([z.int().positive(), z.string().min(1).max(MAX_ID_LENGTH)], ID_RULE);

/** The fields that every form of a notification may have. */
const envelope = z.object({
  notification_id: text.max(MAX_ID_LENGTH).optional(),
  timestamp: z.iso.datetime({ offset: true, local: true, error: INSTANT_RULE }).optional(),
  additional_data: z.record(z.string(), z.unknown(), 'must be an object').default({}),
});

const general = z.object({ notification_type: text, user_id: id, message: text });

/** The form of the e-mail address is not checked: a CRM that refuses an unusual one loses the booking with it. */
const bookingRecord = z.object({
  booking_id: id,
  user: z.object({ id, name: text, email: text }, 'must be an object with id, name and email'),
  event: z.object({ id, title: text, start_date: text }, 'must be an object with id, title and start_date'),
  facilitator_id: id,
});

const anyForm = envelope.extend(general.partial().shape).extend(bookingRecord.partial().shape);
const generalNotification = anyForm.extend(general.shape);
const bookingNotification = generalNotification.extend(bookingRecord.shape);
const bareBookingRecord = anyForm.extend(bookingRecord.shape);

export type Notification = z.infer<typeof anyForm>;

/**
 * The schema for the form that a body has. Choosing one first, instead of trying all, keeps the issues short: if only
 * `user.email` is missing, only that is reported.
 */
export function notificationSchemaFor(body: unknown): z.ZodType<Notification> {
  const keys = typeof body === 'object' && body !== null ? Object.keys(body) : [];
  const hasRecord = keys.some((key) => Object.hasOwn(bookingRecord.shape, key));
  if (!hasRecord) return generalNotification;
  return keys.includes('notification_type') ? bookingNotification : bareBookingRecord;
}

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;

const parameter = z
  .string('must be given once')
  .min(1, 'must not be empty')
  .max(MAX_ID_LENGTH, `must have at most ${MAX_ID_LENGTH} characters`);
const count = z.string('must be given once').regex(/^[1-9]\d{0,14}$/, 'must be a positive integer');

/** The query of `GET /notifications`. */
export const listQuery = z.strictObject({
  type: parameter.optional(),
  user_id: parameter.optional(),
  booking_id: parameter.optional(),
  event_id: parameter.optional(),
  /** Only notifications received at this instant or later. */
  since: z.iso
    .datetime({ offset: true, error: INSTANT_RULE })
    // The store compares instants as text: in UTC, with milliseconds.
    .transform((instant) => new Date(instant).toISOString())
    .optional(),
  /** Only notifications received before the one with this sequence number: the next page after it. */
  before: count.transform(Number).optional(),
  limit: count
    .transform(Number)
    .refine((limit) => limit <= MAX_LIMIT, `must be at most ${MAX_LIMIT}`)
    .default(DEFAULT_LIMIT),
});

export type ListQuery = z.infer<typeof listQuery>;
