import { z } from 'zod';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;

const text = z.string('must be given once').min(1, 'must not be empty').max(128, 'must have at most 128 characters');
const count = z.string('must be given once').regex(/^[1-9]\d{0,14}$/, 'must be a positive integer');

export const listQuery = z.strictObject({
  type: text.optional(),
  user_id: text.optional(),
  booking_id: text.optional(),
  event_id: text.optional(),
  /** Only what arrived at this instant or later. */
  since: z.iso
    .datetime({ offset: true, error: 'must be an ISO 8601 instant, as in 2026-11-24T01:02:03.004Z' })
    // The instants in the store are UTC texts with milliseconds, compared as texts.
    .transform((instant) => new Date(instant).toISOString())
    .optional(),
  /** Only what arrived before the notification with this sequence number: the next page after it. */
  before: count.transform(Number).optional(),
  limit: count
    .transform(Number)
    .refine((limit) => limit <= MAX_LIMIT, `must be at most ${MAX_LIMIT}`)
    .default(DEFAULT_LIMIT),
});

export type ListQuery = z.infer<typeof listQuery>;
