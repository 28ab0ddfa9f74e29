import type { AcceptedNotification, Outbox, PendingNotification, Room } from '../outbox/outbox.js';
import { full, taken, type Acceptance } from './post-office.js';

/** What became of a batch. */
export interface Accepted {
  readonly acceptances: readonly Acceptance[];
  /** Those that the outbox has taken. */
  readonly pending: readonly PendingNotification[];
}

/** Puts as much of a batch into the outbox as there is room for, in order; throws what the outbox throws. */
export function acceptInto(outbox: Outbox, batch: readonly AcceptedNotification[], maxPending: Room): Accepted {
  const pending = outbox.append(batch, maxPending);
  if (pending !== undefined) return { acceptances: batch.map(() => taken), pending };
  const room = roomFor(outbox, batch, maxPending);
  const acceptances = batch.map((_, index) => (index < room ? taken : full));
  return { acceptances, pending: (room > 0 ? outbox.append(batch.slice(0, room)) : undefined) ?? [] };
}

function roomFor(outbox: Outbox, batch: readonly AcceptedNotification[], maxPending: Room): number {
  const { pending, pendingBytes } = outbox.counts();
  let bytes = pendingBytes;
  const room = Math.max(0, maxPending.count - pending);
  const firstTooMuch = batch.findIndex((notification, index) => {
    bytes += Buffer.byteLength(notification.body);
    return index >= room || bytes > maxPending.bytes;
  });
  return firstTooMuch === -1 ? batch.length : firstTooMuch;
}
