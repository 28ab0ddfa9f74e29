import { CRMValidationError } from '../core/errors.js';
import { newNotificationId } from '../core/ids.js';
import { crmFormat } from '../format/crm-format.js';
import { buildBooking, buildEvent, buildNotification } from '../notification/build-draft.js';
import type { BookingInput, EventInput, NotificationDraft, NotificationInput } from '../notification/notification.js';
import { intakeSettings } from '../notifier/intake-settings.js';
import { crmTarget } from '../outbox/outbox.js';
import { rowOf, type OutboxRow } from '../outbox/postgres/insert-statement.js';

/**
 * The row of a notification, by column, for apps that write it by a model of their own, in the booking's transaction, into the
 * outbox's table. All other columns have defaults. A body may have `maxBodyBytes` as it is by default. Takes what `notifyBooking`, `notifyEvent` or `notify` takes.
 *
 * Throws `CRMValidationError` with every issue found.
 *
 * @example
 * await tx.insert(crmOutbox).values(outboxRow({ bookingId: 456, userId: 123, sessionId: 789, action: 'created' }));
 */
export function outboxRow(input: BookingInput | EventInput | NotificationInput): OutboxRow {
  const id = newNotificationId();
  const occurredAt = Date.now();
  const maxBodyBytes = intakeSettings.maxBodyBytes.default;
  const notification = crmFormat.build(draftOf(input), { id, occurredAt, maxBodyBytes });
  return rowOf({ target: crmTarget, ...notification });
}

function draftOf(input: BookingInput | EventInput | NotificationInput): NotificationDraft {
  if (typeof input !== 'object' || (input as unknown) === null) {
    throw new CRMValidationError([{ path: '', message: 'must be an object with the fields of the notification' }]);
  }
  if ('bookingId' in input) return buildBooking(input);
  return 'eventId' in input ? buildEvent(input) : buildNotification(input);
}
