import type { PendingNotification } from '../outbox/outbox.js';
import { createMinHeap, type MinHeap } from './min-heap.js';

/**
 * The heads that may be tried now, by what is known of them:
 *
 * - fresh: never tried, or none of the failures was its own; oldest first
 * - failing: tried before, and due again; soonest due first, so that each has its turn
 * - refused: met a 401 or 403 that paused the target, and keeps its place; oldest first
 */
export interface ReadyHeads {
  readonly size: number;
  readonly fresh: MinHeap<PendingNotification>;
  readonly failing: MinHeap<WaitingHead>;
  readonly refused: MinHeap<PendingNotification>;
  /** Adds one that is due since that instant. */
  add(head: PendingNotification, dueAtMs: number): void;
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
}

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
    add(head, dueAtMs) {
      if (head.attempts > 0) failing.push({ head, dueAtMs });
      else fresh.push(head);
    },
    takeOldest: () => fresh.pop() ?? failing.pop()?.head ?? refused.pop(),
    absolveRefused() {
      for (const head of refused.takeAll(() => true)) fresh.push(head);
    },
    blameRefused() {
      for (const head of refused.takeAll(() => true)) failing.push({ head, dueAtMs: 0 });
    },
  };
}
