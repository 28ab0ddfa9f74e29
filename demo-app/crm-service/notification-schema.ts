import { z } from 'zod';

const MAX_ID_LENGTH = 128;
const ID_RULE = `must be a positive integer or a string of 1 to ${MAX_ID_LENGTH} characters`;

const text = z.string().min(1, 'must not be empty');
const id = z.union([z.int().positive(), z.string().min(1).max(MAX_ID_LENGTH)], ID_RULE);
const instant = z.iso.datetime({
  offset: true,
  local: true,
  error: 'must be an ISO 8601 instant, as in 2026-11-24T01:02:03.004Z',
});

/** What every notification may carry besides what it tells. */
const envelope = z.object({
  notification_id: text.max(MAX_ID_LENGTH).optional(),
  timestamp: instant.optional(),
  additional_data: z.record(z.string(), z.unknown(), 'must be an object').default({}),
});

const general = z.object({ notification_type: text, user_id: id, message: text });

/** The mail address is not checked for its form: a CRM that refuses an odd one loses the booking it came with. */
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
 * The schema for the form that a body has. Choosing it first, rather than trying all, keeps the issues to the point:
 * whoever forgets `user.email` reads just that.
 */
export function notificationSchemaFor(body: unknown): z.ZodType<Notification> {
  const keys = typeof body === 'object' && body !== null ? Object.keys(body) : [];
  const hasRecord = keys.some((key) => Object.hasOwn(bookingRecord.shape, key));
  if (!hasRecord) return generalNotification;
  return keys.includes('notification_type') ? bookingNotification : bareBookingRecord;
}
