import type { AcceptedNotification, OutboxCounts, Room } from '../outbox/outbox.js';
import { type Acceptance, taken } from './post-office.js';

/**
 * For each entry of a batch, in order, whether there is room for it. The entries of a notification for several targets are
 * adjacent in the batch: either all of them are accepted, or none.
 */
export function acceptancesFor(
  batch: readonly AcceptedNotification[],
  counts: Pick<OutboxCounts, 'pending' | 'pendingBytes'>,
  maxPending: Room,
): readonly Acceptance[] {
  const { room, bound } = roomFor(batch, counts, maxPending);
  const full = refusalAtLimit(bound, maxPending);
  return batch.map((_, index) => (index < room ? taken : full));
}

interface RoomLeft {
  /** How many entries fit, counting whole notifications only. */
  readonly room: number;
  /** The limit that keeps the next one out. */
  readonly bound: keyof Room;
}

function roomFor(
  batch: readonly AcceptedNotification[],
  { pending, pendingBytes }: Pick<OutboxCounts, 'pending' | 'pendingBytes'>,
  maxPending: Room,
): RoomLeft {
  let bytes = pendingBytes;
  /** Where the entry's notification begins. */
  let start = 0;
  for (const [index, { id, body }] of batch.entries()) {
    if (batch[start]?.id !== id) start = index;
    bytes += Buffer.byteLength(body);
    if (pending + index >= maxPending.count) return { room: start, bound: 'count' };
    if (bytes > maxPending.bytes) return { room: start, bound: 'bytes' };
  }
  return { room: batch.length, bound: 'count' };
}

function refusalAtLimit(bound: keyof Room, maxPending: Room): Acceptance {
  const detail =
    `maxPending.${bound} is reached (${String(maxPending[bound])}): the CRM takes less than the app notifies; ` +
    'see why (stats().circuit, dead letters, rateLimit), let the middleware push back, or raise ' +
    `maxPending.${bound}`;
  return { accepted: false, reason: 'full', detail };
}
