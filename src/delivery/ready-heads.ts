import type { PendingNotification } from '../outbox/outbox.js';
import { createMinHeap, type MinHeap } from './min-heap.js';

/**
 * The heads that may be tried now, by what is known of them:
 *
 * - fresh: never tried, or what failed was answered, as by a 503; oldest first
 * - failing: got no answer before, or nobody knows, and due again; soonest due first, so that each has its turn
 * - refused: met a 401 or 403 that paused the target, and keeps its place; oldest first
 */
export interface ReadyHeads {
  readonly size: number;
  readonly fresh: MinHeap<PendingNotification>;
  readonly failing: MinHeap<WaitingHead>;
  readonly refused: MinHeap<PendingNotification>;
  /** Adds one that is due. */
  add(entry: WaitingHead): void;
  /** Takes the oldest fresh one, or else one of the others. */
  takeOldest(): PendingNotification | undefined;
  /** It was the token: those that were refused are as fresh as they were. */
  absolveRefused(): void;
  /** It was not the token: those that were refused have failed. */
  blameRefused(): void;
}

/** A head, and the instant of the monotonic clock from which it may be tried. */
export interface WaitingHead {
  readonly head: PendingNotification;
  readonly dueAtMs: number;
  /** Whether it may hurt the CRM: it failed before, and not by an answer. */
  readonly isSuspect: boolean;
}

/**
 * What its last attempt says of a head: it was answered, if only by a 503; or it got no answer, and may hurt the CRM; or it was
 * refused, and is to be tried again once the target is not paused any more.
 */
export type Standing = 'answered' | 'suspect' | 'refused';

/** Of one that was read from the outbox nobody knows how its attempts failed. */
export const wasTried = ({ attempts }: PendingNotification): boolean => attempts > 0;

export function createReadyHeads(): ReadyHeads {
  const fresh = createMinHeap<PendingNotification>((head) => head.position);
  const failing = createMinHeap<WaitingHead>((entry) => entry.dueAtMs);
  const refused = createMinHeap<PendingNotification>((head) => head.position);
  return {
    get size() {
      return fresh.size + failing.size + refused.size;
    },
    fresh,
    failing,
    refused,
    add(entry) {
      if (entry.isSuspect) failing.push(entry);
      else fresh.push(entry.head);
    },
    takeOldest: () => fresh.pop() ?? failing.pop()?.head ?? refused.pop(),
    absolveRefused() {
      for (const head of refused.takeAll(() => true)) fresh.push(head);
    },
    blameRefused() {
      for (const head of refused.takeAll(() => true)) failing.push({ head, dueAtMs: 0, isSuspect: true });
    },
  };
}

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
