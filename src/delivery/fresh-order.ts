import type { PendingNotification } from '../outbox/outbox.js';
import type { MinHeap } from './min-heap.js';

/**
 * In which order fresh heads are tried while some of them hurt the CRM, and nobody knows which.
 *
 * Those that do often stand together: one kind of notification, or all that one client has sent. So heads of a type that
 * failed more lately than it was answered come last. Among the others it goes one way as long as that works, and another way
 * when one that was taken so fails: the oldest first, then in turn the newest first and onwards from a place that is drawn.
 */
export interface FreshOrder {
  take(fresh: MinHeap<PendingNotification>): PendingNotification | undefined;
  readonly way: Way;
  /** A head that was taken this way hangs, or got no answer, or was refused. */
  onFailed(head: PendingNotification, way: Way): void;
  onAnswered(head: PendingNotification): void;
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
    return rankOf(a.position) < rankOf(b.position);
  };

  return {
    get way() {
      return way;
    },
    take(fresh) {
      lowest = fresh.peek()?.position ?? lowest;
      const head = fresh.takeFirst(isBefore);
      highest = Math.max(highest, head?.position ?? 0);
      return head;
    },
    onFailed({ type }, wayTaken) {
      riskyTypes.add(type);
      const [first] = riskyTypes;
      if (riskyTypes.size > maxTypes && first !== undefined) riskyTypes.delete(first);
      // Those that were under way together have turned it once.
      if (wayTaken !== way) return;
      way = nextWay[way];
      onwardsFrom = lowest + Math.floor(random() * (highest - lowest));
    },
    onAnswered({ type, position }) {
      riskyTypes.delete(type);
      if (way === 'onwards' && position >= onwardsFrom) onwardsFrom = position + 1;
    },
    isRisky: ({ type }) => riskyTypes.has(type),
    reset() {
      riskyTypes.clear();
      way = 'oldest';
    },
  };
}
