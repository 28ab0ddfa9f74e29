import type { PendingNotification } from '../outbox/outbox.js';
import type { MinHeap } from './min-heap.js';

/**
 * In which order fresh heads are tried while some of them hurt the CRM, and nobody knows which.
 *
 * Those that do often stand together: one kind of notification, or all that one client has sent. So heads of a type that
 * failed more lately than it was answered come last. Among the others it goes one way as long as that works, and another way
 * when one that was taken so fails: the oldest first, then in turn the newest first and onwards from a place that is drawn.
 * One that is newer than all that were tried goes before those whatever the way, for nothing speaks against it; and once it
 * is answered the newest are the way.
 */
export interface FreshOrder {
  /** Takes one; which way that was, `takenBy` tells until the next is taken. */
  take(fresh: MinHeap<PendingNotification>): PendingNotification | undefined;
  readonly way: Way;
  readonly takenBy: Way;
  /** Whether one is newer than all that were taken in this order. */
  hasNewest(fresh: MinHeap<PendingNotification>): boolean;
  /** A head that was taken this way hangs, or got no answer, or was refused. */
  onFailed(head: PendingNotification, way: Way): void;
  onAnswered(head: PendingNotification, way: Way): void;
  isRisky(head: PendingNotification): boolean;
  /** All is well again: the oldest first. */
  reset(): void;
}

export type Way = 'oldest' | 'newest' | 'onwards';

const nextWay: Readonly<Record<Way, Way>> = { oldest: 'newest', newest: 'onwards', onwards: 'newest' };
// Types are of the app's making, and might be many.
const maxTypes = 256;
// Beyond all positions.
const round = 2 ** 45;

/** `random` draws from [0, 1). */
export function createFreshOrder(random: () => number): FreshOrder {
  const riskyTypes = new Set<string>();
  let way: Way = 'oldest';
  let takenBy: Way = 'oldest';
  let onwardsFrom = 0;
  let lowest = 0;
  let highest = 0;

  const rankOf = (position: number): number => {
    switch (way) {
      case 'oldest':
        return position;
      case 'newest':
        return -position;
      case 'onwards':
        return position >= onwardsFrom ? position : position + round;
    }
  };

  const isBefore = (a: PendingNotification, b: PendingNotification): boolean => {
    const isRisky = riskyTypes.has(a.type);
    if (isRisky !== riskyTypes.has(b.type)) return !isRisky;
    const isNewest = a.position > highest || b.position > highest;
    return isNewest ? a.position > b.position : rankOf(a.position) < rankOf(b.position);
  };

  return {
    get way() {
      return way;
    },
    take(fresh) {
      lowest = fresh.peek()?.position ?? lowest;
      const head = fresh.takeFirst(isBefore);
      const position = head?.position ?? 0;
      takenBy = position > highest ? 'newest' : way;
      highest = Math.max(highest, position);
      return head;
    },
    get takenBy() {
      return takenBy;
    },
    hasNewest: (fresh) => fresh.some(({ position }) => position > highest),
    onFailed({ type }, wayTaken) {
      riskyTypes.add(type);
      const [first] = riskyTypes;
      if (riskyTypes.size > maxTypes && first !== undefined) riskyTypes.delete(first);
      // Those that were under way together have turned it once.
      if (wayTaken !== way) return;
      way = nextWay[way];
      onwardsFrom = lowest + Math.floor(random() * (highest - lowest));
    },
    onAnswered({ type, position }, wayTaken) {
      riskyTypes.delete(type);
      if (wayTaken === 'newest') way = 'newest';
      if (way === 'onwards' && position >= onwardsFrom) onwardsFrom = position + 1;
    },
    isRisky: ({ type }) => riskyTypes.has(type),
    reset() {
      riskyTypes.clear();
      way = 'oldest';
    },
  };
}
