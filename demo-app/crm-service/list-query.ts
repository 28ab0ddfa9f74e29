import { z } from 'zod';

const MAX_LENGTH = 128;
const INSTANT_RULE = 'must be an ISO 8601 instant, as in 2026-11-24T01:02:03.004Z';
const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;

const parameter = z
  .string('must be given once')
  .min(1, 'must not be empty')
  .max(MAX_LENGTH, `must have at most ${MAX_LENGTH} characters`);
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
