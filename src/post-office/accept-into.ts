import type { AcceptedNotification, Outbox, Room } from '../outbox/outbox.js';
import { taken, type Acceptance } from './post-office.js';
import type { Accepted } from './store.js';

/**
 * Puts as much of a batch into the outbox as there is room for, in order; throws what the outbox throws. The entries of one
 * notification, for several targets, follow each other in the batch: either all of them are accepted, or none.
 */
export function acceptInto(
  outbox: Outbox,
  batch: readonly AcceptedNotification[],
  maxPending: Room,
  at: number,
): Accepted {
  const pending = outbox.append(batch, maxPending, at);
  if (pending !== undefined) return { acceptances: batch.map(() => taken), pending };
  const { room, bound } = roomFor(outbox, batch, maxPending);
  const full = fullBy(bound, maxPending);
  const acceptances = batch.map((_, index) => (index < room ? taken : full));
  return { acceptances, pending: (room > 0 ? outbox.append(batch.slice(0, room), undefined, at) : undefined) ?? [] };
}

interface RoomLeft {
  /** How many entries fit that make whole notifications. */
  readonly room: number;
  /** What keeps the next one out. */
  readonly bound: keyof Room;
}

function roomFor(outbox: Outbox, batch: readonly AcceptedNotification[], maxPending: Room): RoomLeft {
  const { pending, pendingBytes } = outbox.counts();
  let bytes = pendingBytes;
  /** Where the notification begins that the entry belongs to. */
  let start = 0;
  for (const [index, { id, body }] of batch.entries()) {
    if (batch[start]?.id !== id) start = index;
    bytes += Buffer.byteLength(body);
    if (pending + index >= maxPending.count) return { room: start, bound: 'count' };
    if (bytes > maxPending.bytes) return { room: start, bound: 'bytes' };
  }
  return { room: batch.length, bound: 'count' };
}

function fullBy(bound: keyof Room, maxPending: Room): Acceptance {
  const detail =
    `maxPending.${bound} is reached (${String(maxPending[bound])}): the CRM takes less than the app tells; ` +
    'see why (stats().circuit, dead letters, rateLimit), let the middleware push back, or raise ' +
    `maxPending.${bound}`;
  return { accepted: false, reason: 'full', detail };
}
