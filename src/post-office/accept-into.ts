import type { AcceptedNotification, Outbox } from '../outbox/outbox.js';
import { full, type Acceptance } from './post-office.js';

interface MaxPending {
  readonly count: number;
  readonly bytes: number;
}

/** Puts as much of a batch into the outbox as there is room for, in order; throws what the outbox throws. */
export function acceptInto(
  outbox: Outbox,
  batch: readonly AcceptedNotification[],
  maxPending: MaxPending,
): readonly Acceptance[] {
  const room = roomFor(outbox, batch, maxPending);
  if (room > 0) outbox.append(room === batch.length ? batch : batch.slice(0, room));
  return batch.map((_, index) => (index < room ? { accepted: true } : full));
}

function roomFor(outbox: Outbox, batch: readonly AcceptedNotification[], maxPending: MaxPending): number {
  const { pending, pendingBytes } = outbox.counts();
  let bytes = pendingBytes;
  const room = Math.max(0, maxPending.count - pending);
  const firstTooMuch = batch.findIndex((notification, index) => {
    bytes += notification.body.byteLength;
    return index >= room || bytes > maxPending.bytes;
  });
  return firstTooMuch === -1 ? batch.length : firstTooMuch;
}
