import { inspect } from 'node:util';
import { checkKeys } from './known-keys.js';
import type { SentNotification } from './sent-notification.js';

/** Which notifications are meant: those that have all that is given, or those of which a function of yours is true. */
export type SentQuery = SentFields | ((sent: SentNotification) => boolean);

/** All that is given must be the same; nothing given is every notification. */
export interface SentFields {
  /** The type on the wire, such as `booking_created`. */
  readonly type?: string | undefined;
  /** The user it happened to: 123 is not '123'. */
  readonly userId?: number | string | undefined;
  /** The notification's id, as a receipt has it. */
  readonly id?: string | undefined;
}

/** The query as a function. Throws a `TypeError` for a key it does not know: it would match everything. */
export function matcherOf(query: SentQuery): (sent: SentNotification) => boolean {
  if (typeof query === 'function') return query;
  checkKeys(query, ['type', 'userId', 'id'], 'the query');
  const { type, userId, id } = query;
  return (sent) =>
    (type === undefined || sent.notification_type === type) &&
    (userId === undefined || sent.user_id === userId) &&
    (id === undefined || sent.notification_id === id);
}

/** The query in words, for an error. */
export function wordsOf(query: SentQuery): string {
  if (typeof query === 'function') return 'that the function is true of';
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return given.length === 0 ? '' : `with ${given.map(([key, value]) => `${key} ${inspect(value)}`).join(', ')}`;
}
