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
