import type { BookingInput, EventInput, NotificationInput } from '../notification/notification.js';
import type { Transaction } from '../transaction/transaction.js';
import type { Receipt } from './receipt.js';

/** The calls that notify the CRM. None ever rejects: the receipt shows whether the notification was accepted. */
export interface Notify {
  /**
   * Accepts a general notification.
   * @example await crm.notify({ notificationType: 'user_registered', userId: 123, message: 'New user' });
   */
  notify(input: NotificationInput): Promise<Receipt>;
  /**
   * Accepts a notification of type `booking_<action>`.
   * @example await crm.notifyBooking({ bookingId: 456, userId: 123, sessionId: 789, action: 'created' });
   */
  notifyBooking(input: BookingInput): Promise<Receipt>;
  /**
   * Accepts a notification of type `event_<action>`.
   * @example await crm.notifyEvent({ eventId: 101, userId: 123, action: 'updated' });
   */
  notifyEvent(input: EventInput): Promise<Receipt>;
  /**
   * The same calls in a transaction of the app, for an outbox in PostgreSQL: the CRM hears of a booking if its transaction commits,
   * and only then. `transaction` is what the driver hands to its transaction's callback: of pg, postgres.js, knex, kysely, drizzle,
   * typeorm, sequelize, mikro-orm or Prisma; or a function for any other.
   *
   * With `outbox: ':memory:'`, as in tests, it notifies at once, whatever becomes of the transaction.
   *
   * @example
   * await db.transaction(async (tx) => {
   *   const booking = await insertBooking(tx);
   *   await crm.in(tx).notifyBooking({ bookingId: booking.id, userId, sessionId, action: 'created' });
   * });
   */
  in(transaction: Transaction): NotifyInTransaction;
}

/**
 * The calls that notify the CRM in a transaction. Each resolves once the notification is written, and rejects when it is not:
 * with `CRMValidationError` for invalid input or a handle that is no transaction, with `CRMConfigError` if the outbox is not
 * in PostgreSQL or its table cannot be used, and with the driver's own error if the statement fails. Let the transaction
 * roll back then.
 */
export interface NotifyInTransaction {
  /** @example await crm.in(tx).notify({ notificationType: 'user_registered', userId: 123, message: 'New user' }); */
  notify(input: NotificationInput): Promise<Written>;
  /** @example await crm.in(tx).notifyBooking({ bookingId: 456, userId: 123, sessionId: 789, action: 'created' }); */
  notifyBooking(input: BookingInput): Promise<Written>;
  /** @example await crm.in(tx).notifyEvent({ eventId: 101, userId: 123, action: 'updated' }); */
  notifyEvent(input: EventInput): Promise<Written>;
}

/** A notification that is written in a transaction, and sent once that is committed. */
export interface Written {
  /** UUIDv7: the CRM sees it as the `Idempotency-Key`. */
  readonly id: string;
}
