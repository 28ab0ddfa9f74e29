import type { CRMNotificationError } from '../core/errors.js';

/**
 * What accepting answers.
 *
 * - `accepted: true, isStored: true`: it is in the outbox, as durable as `sync` makes it.
 * - `accepted: true, isStored: false`: the outbox has been silent for `holdMs`. It is kept in memory under this id and handed
 *   over until the outbox takes it; do not tell it a second time. `outcome` resolves with one of the two others, and
 *   never rejects. Should the process die first, it is lost.
 * - `accepted: false`: it will never be sent; `error` says why.
 *
 * @example
 * const receipt = await crm.notify({ notificationType: 'user_registered', userId: 123, message: 'New user' });
 * const known = receipt.accepted && !receipt.isStored ? await receipt.outcome : receipt;
 */
export type Receipt = KnownReceipt | UnsavedReceipt;

/** A receipt that says what has become of it. */
export type KnownReceipt =
  | { readonly accepted: true; readonly id: string; readonly isStored: true }
  | { readonly accepted: false; readonly error: CRMNotificationError };

/** A receipt of one that is kept in memory, because the outbox does not answer. */
export interface UnsavedReceipt {
  readonly accepted: true;
  readonly id: string;
  readonly isStored: false;
  readonly outcome: Promise<KnownReceipt>;
}
