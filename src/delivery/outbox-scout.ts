import type { PendingNotification } from '../outbox/outbox.js';
import type { TargetQueue } from './target-queue.js';

/**
 * Reads the outbox beyond a cursor that does not move on: what is newly there, and then backwards from its end, page by page,
 * over and over.
 */
export interface OutboxScout {
  /** What was accepted since the last time, oldest first; at first, and when that is more than a page, only where it ends. */
  readNew(cursor: number): PendingNotification[];
  /** The page before the one that was read last, newest first. */
  readBackwards(cursor: number): PendingNotification[];
}

export function createOutboxScout(queue: Pick<TargetQueue, 'readAfter'>, pageSize: number): OutboxScout {
  /** Nothing that was there the last time is beyond. */
  let end = 0;
  /** From here on it has been read backwards. */
  let back = 0;
  /** So many positions are looked through for a page: where much was delivered in between, they hold little. */
  let span = pageSize;

  /** The last position that is taken, from one on that is or was. */
  const findEnd = (from: number): number => {
    let [low, high] = [from, Infinity];
    for (let step = pageSize; high === Infinity; step *= 2) {
      const [next] = queue.readAfter(low + step, 1);
      if (next === undefined) high = low + step;
      else low = next.position;
    }
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const [next] = queue.readAfter(middle, 1);
      if (next === undefined) high = middle;
      else low = next.position;
    }
    return low;
  };

  return {
    readNew(cursor) {
      const page = end <= cursor ? [] : queue.readAfter(end, pageSize);
      if (end > cursor && page.length < pageSize) {
        end = page.at(-1)?.position ?? end;
        return page;
      }
      end = findEnd(Math.max(end, cursor));
      back = end + 1;
      span = pageSize;
      return [];
    },
    readBackwards(cursor) {
      if (back <= cursor + 1) back = end + 1;
      const from = Math.max(cursor, back - 1 - span);
      const page = queue.readAfter(from, pageSize);
      const isWhole = page.length < pageSize || (page.at(-1)?.position ?? 0) >= back - 1;
      if (!isWhole) {
        // More than a page: those nearest to its end are wanted.
        span = pageSize;
        return [];
      }
      const found = page.filter(({ position }) => position < back).reverse();
      back = from + 1;
      span = found.length < pageSize / 4 ? span * 2 : pageSize;
      return found;
    },
  };
}
