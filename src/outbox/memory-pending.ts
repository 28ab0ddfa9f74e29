import { matchesPending } from './matches-filter.js';
import type { MemoryQueue } from './memory-queue.js';
import type { Outbox, PendingEntry, PendingNotification, PendingRange } from './outbox.js';

/** How many places each target has. */
const placesPerTarget = 2 ** 44;

/** Lists and counts what is pending in memory: one target after the other, each in the order of its positions. */
export function createMemoryPending(
  queues: ReadonlyMap<string, MemoryQueue>,
): Pick<Outbox, 'searchPending' | 'countPending'> {
  /** What a range checks, and where it goes on. */
  const checked = ({ after, limit, target }: PendingRange) => {
    const found: { readonly entry: PendingNotification; readonly place: number }[] = [];
    for (const [index, [name, queue]] of [...queues].entries()) {
      const base = index * placesPerTarget;
      if (after >= base + placesPerTarget || (target ?? name) !== name) continue;
      for (const entry of queue.readAfter(Math.max(0, after - base), limit - found.length))
        found.push({ entry, place: base + entry.position });
    }
    return { found, next: found.length < limit ? undefined : found.at(-1)?.place };
  };

  const entryOf = (notification: PendingNotification, place: number): PendingEntry => {
    const { target, id, type, lane, occurredAt, acceptedAt, attempts, nextAttemptAt, traceparent } = notification;
    const waitsInLane = queues.get(target)?.nextInLane(lane, 0)?.position !== notification.position;
    return {
      ...{ target, id, type, lane, occurredAt, acceptedAt, attempts, nextAttemptAt, traceparent },
      waitsInLane,
      place,
    };
  };

  return {
    searchPending(range, most) {
      const { found, next } = checked(range);
      const matches = matchesPending(range);
      const matching = found.filter(({ entry }) => matches(entry));
      const entries = matching.slice(0, most).map(({ entry, place }) => entryOf(entry, place));
      return { entries, next: matching.length > most ? entries.at(-1)?.place : next };
    },
    countPending(range) {
      const { found, next } = checked(range);
      const matches = matchesPending(range);
      return { count: found.filter(({ entry }) => matches(entry)).length, next };
    },
  };
}
