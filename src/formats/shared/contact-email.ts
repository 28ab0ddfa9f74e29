import type { NotificationFacts } from '../../format/format-definition.js';
import type { JsonValue } from '../../notification/notification.js';
import { invalid } from './checked-values.js';
import { memberOf } from './json-parts.js';

/** Returns the address of the person that a notification is about; what is none is refused. */
export type EmailOption = (facts: NotificationFacts) => JsonValue | undefined;

/** Found without the option: that of the booking's `user`, or `email` of the additional data. */
const emailInNotification: EmailOption = ({ record, data }) =>
  (memberOf(record['user'], 'email') as JsonValue | undefined) ?? data['email'];

/** An address as far as it can be checked here, so that one without an @ does not spoil a batch. */
export function contactEmail(facts: NotificationFacts, option: EmailOption = emailInNotification): string {
  const email = option(facts);
  if (typeof email === 'string' && email.length <= 320 && /^[^\s@]+@[^\s@]+$/.test(email)) return email;
  const message =
    email === undefined
      ? 'is missing: notify with user, event and facilitatorId of the booking, with email in additionalData, or set the option email of the format'
      : 'must be an email address';
  throw invalid('email', message);
}
