import type { AcceptedNotification, Outbox, PendingNotification, Room } from '../outbox/outbox.js';
import { taken, type Acceptance } from './post-office.js';

/** What became of a batch. */
export interface Accepted {
  readonly acceptances: readonly Acceptance[];
  /** Those that the outbox has taken. */
  readonly pending: readonly PendingNotification[];
}

/** Puts as much of a batch into the outbox as there is room for, in order; throws what the outbox throws. */
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
  /** How many more fit. */
  readonly room: number;
  /** What keeps the next one out. */
  readonly bound: keyof Room;
}

function roomFor(outbox: Outbox, batch: readonly AcceptedNotification[], maxPending: Room): RoomLeft {
  const { pending, pendingBytes } = outbox.counts();
  const countRoom = Math.min(Math.max(0, maxPending.count - pending), batch.length);
  let bytes = pendingBytes;
  const tooLarge = batch.findIndex((notification) => {
    bytes += Buffer.byteLength(notification.body);
    return bytes > maxPending.bytes;
  });
  const byteRoom = tooLarge === -1 ? batch.length : tooLarge;
  return byteRoom < countRoom ? { room: byteRoom, bound: 'bytes' } : { room: countRoom, bound: 'count' };
}

function fullBy(bound: keyof Room, maxPending: Room): Acceptance {
  const detail =
    `maxPending.${bound} is reached (${String(maxPending[bound])}): the CRM takes less than the app tells; ` +
    'see why (stats().circuit, dead letters, rateLimit), let the middleware push back, or raise ' +
    `maxPending.${bound}`;
  return { accepted: false, reason: 'full', detail };
}
