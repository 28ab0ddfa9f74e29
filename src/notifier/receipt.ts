import type { CRMNotificationError } from '../core/errors.js';

/**
 * What accepting a notification returns.
 *
 * - `accepted: true, isStored: true`: it is in the outbox, as durable as `sync` makes it.
 * - `accepted: true, isStored: false`: the outbox has been silent for `holdMs`. The notification is kept in memory under this
 *   id and handed over until the outbox takes it; do not notify again. `outcome` resolves with one of the other two, and
 *   never rejects. If the process dies first, the notification is lost.
 * - `accepted: false`: it will never be sent; `error` has the reason.
 *
 * @example
 * const receipt = await crm.notify({ notificationType: 'user_registered', userId: 123, message: 'New user' });
 * const known = receipt.accepted && !receipt.isStored ? await receipt.outcome : receipt;
 */
export type Receipt = KnownReceipt | UnsavedReceipt;

/** A receipt with the final result. */
export type KnownReceipt =
  | { readonly accepted: true; readonly id: string; readonly isStored: true }
  | { readonly accepted: false; readonly error: CRMNotificationError };

/** The receipt of a notification that is kept in memory because the outbox is silent. */
export interface UnsavedReceipt {
  readonly accepted: true;
  readonly id: string;
  readonly isStored: false;
  readonly outcome: Promise<KnownReceipt>;
}
