import type { CRMNotificationError } from '../core/errors.js';

/** What accepting answers. `accepted: true` means that the notification is in the outbox, as durable as `sync` makes it. */
export type Receipt =
  { readonly accepted: true; readonly id: string } | { readonly accepted: false; readonly error: CRMNotificationError };
