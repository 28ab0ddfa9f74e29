import type { PendingNotification } from '../outbox/outbox.js';
import { createMinHeap, type MinHeap } from './min-heap.js';

/**
 * The heads that may be tried now, by what is known of them:
 *
 * - fresh: never tried, or the last attempt got a response, such as a 503; oldest first
 * - failing: the last attempt got no response, or that is unknown, and due again; soonest due first, so that each gets its turn
 * - refused: got a 401 or 403 that paused the target, and keeps its place; oldest first
 */
export interface ReadyHeads {
  readonly size: number;
  readonly fresh: MinHeap<PendingNotification>;
  readonly failing: MinHeap<WaitingHead>;
  readonly refused: MinHeap<PendingNotification>;
  /** Adds one that is due. */
  add(entry: WaitingHead): void;
  /** Whether one has this id. */
  has(id: string): boolean;
  /** Takes the oldest fresh one, else a failing one, else a refused one. */
  takeOldest(): PendingNotification | undefined;
  /** It was the token's fault: refused heads become fresh again. */
  moveRefusedToFresh(): void;
  /** It was not the token's fault: refused heads become failing. */
  moveRefusedToFailing(): void;
}

/** A head, and the instant from which it may be tried, on the monotonic clock. */
export interface WaitingHead {
  readonly head: PendingNotification;
  readonly dueAtMs: number;
  /** Whether it may hurt the CRM: it failed before without a response. */
  readonly isSuspect: boolean;
}

/**
 * What a head's last attempt shows: `responded`: the CRM responded, if only with a 503. `suspect`: no response, so it may hurt
 * the CRM. `refused`: it is tried again once the target is no longer paused.
 */
export type Standing = 'responded' | 'suspect' | 'refused';

/** For a head read from the outbox: how its attempts failed is unknown. */
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
    has: (id) =>
      fresh.some((head) => head.id === id) ||
      failing.some(({ head }) => head.id === id) ||
      refused.some((head) => head.id === id),
    takeOldest: () => fresh.pop() ?? failing.pop()?.head ?? refused.pop(),
    moveRefusedToFresh() {
      for (const head of refused.takeAll(() => true)) fresh.push(head);
    },
    moveRefusedToFailing() {
      for (const head of refused.takeAll(() => true)) failing.push({ head, dueAtMs: 0, isSuspect: true });
    },
  };
}

/**
 * The order in which fresh heads are tried while some of them hurt the CRM, and it is unknown which.
 *
 * Harmful ones are often neighbours: one kind of notification, or everything that one client sent. So heads of a type that
 * failed more recently than it got a response come last. The others are tried in one direction as long as that works; when a
 * head taken in that direction fails, the direction changes: first the oldest first, then by turns the newest first and onwards
 * from a random position. A head newer than all that were tried goes first in any direction, because nothing suggests that it
 * is harmful; once it gets a response, the direction is newest first.
 */
export interface FreshOrder {
  /** Takes one; `lastDirection` is then the direction in which it was taken. */
  take(fresh: MinHeap<PendingNotification>): PendingNotification | undefined;
  readonly direction: Direction;
  readonly lastDirection: Direction;
  /** Whether one is newer than all that were taken in this order. */
  hasNewest(fresh: MinHeap<PendingNotification>): boolean;
  /** A head that was taken in this direction hangs, got no response or was refused. */
  onFailed(head: PendingNotification, direction: Direction): void;
  onResponded(head: PendingNotification, direction: Direction): void;
  isRisky(head: PendingNotification): boolean;
  /** Nothing fails any more: the oldest first again. */
  reset(): void;
}

export type Direction = 'oldest' | 'newest' | 'onwards';

const nextDirection: Readonly<Record<Direction, Direction>> = {
  oldest: 'newest',
  newest: 'onwards',
  onwards: 'newest',
};
// The app makes up the types, so there may be many.
const maxTypes = 256;
// Greater than any position.
const round = 2 ** 45;

/** `random` returns a number in [0, 1). */
export function createFreshOrder(random: () => number): FreshOrder {
  const riskyTypes = new Set<string>();
  let direction: Direction = 'oldest';
  let lastDirection: Direction = 'oldest';
  let onwardsFrom = 0;
  let lowest = 0;
  let highest = 0;

  const rankOf = (position: number): number => {
    switch (direction) {
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
    get direction() {
      return direction;
    },
    take(fresh) {
      lowest = fresh.peek()?.position ?? lowest;
      const head = fresh.takeFirst(isBefore);
      const position = head?.position ?? 0;
      lastDirection = position > highest ? 'newest' : direction;
      highest = Math.max(highest, position);
      return head;
    },
    get lastDirection() {
      return lastDirection;
    },
    hasNewest: (fresh) => fresh.some(({ position }) => position > highest),
    onFailed({ type }, headDirection) {
      riskyTypes.add(type);
      const [first] = riskyTypes;
      if (riskyTypes.size > maxTypes && first !== undefined) riskyTypes.delete(first);
      // Attempts that were under way together change the direction only once.
      if (headDirection !== direction) return;
      direction = nextDirection[direction];
      onwardsFrom = lowest + Math.floor(random() * (highest - lowest));
    },
    onResponded({ type, position }, headDirection) {
      riskyTypes.delete(type);
      if (headDirection === 'newest') direction = 'newest';
      if (direction === 'onwards' && position >= onwardsFrom) onwardsFrom = position + 1;
    },
    isRisky: ({ type }) => riskyTypes.has(type),
    reset() {
      riskyTypes.clear();
      direction = 'oldest';
    },
  };
}

/** Heads that wait for their next attempt, soonest due first. */
export interface WaitingHeads {
  push(entry: WaitingHead): void;
  /** Takes those with this id. */
  take(id: string): WaitingHead[];
  /** How long until one is due; `Infinity` when none waits. */
  dueInMs(nowMs: number): number;
  /** Makes those that are due ready. */
  wakeDue(nowMs: number): void;
  /** Whether so many wait, or failed and are due again, that forgetting half of them makes room for a while. */
  canForget(): boolean;
  /** Takes about half of those: the ones that are due last. */
  takeLatestHalf(): WaitingHead[];
}

/** Only with more than `minCount` of them it pays to forget some. */
export function createWaitingHeads(ready: ReadyHeads, minCount: number): WaitingHeads {
  const waiting = createMinHeap<WaitingHead>((entry) => entry.dueAtMs);
  return {
    push(entry) {
      waiting.push(entry);
    },
    take: (id) => waiting.takeAll(({ head }) => head.id === id),
    dueInMs(nowMs) {
      const next = waiting.peek();
      return next === undefined ? Infinity : Math.max(0, next.dueAtMs - nowMs);
    },
    wakeDue(nowMs) {
      for (let next = waiting.peek(); next !== undefined && next.dueAtMs <= nowMs; next = waiting.peek()) {
        waiting.pop();
        ready.add(next);
      }
    },
    canForget: () =>
      waiting.size + ready.failing.size > minCount && (waiting.some(isStored) || ready.failing.some(isStored)),
    takeLatestHalf() {
      const all = [...waiting.takeAll(isStored), ...ready.failing.takeAll(isStored)];
      all.sort((a, b) => a.dueAtMs - b.dueAtMs);
      const kept = all.length >> 1;
      for (const entry of all.slice(0, kept)) waiting.push(entry);
      return all.slice(kept);
    },
  };
}

/** Whether the outbox has the instant at which it is due, so that it can be found there. */
const isStored = ({ head }: WaitingHead): boolean => head.nextAttemptAt > 0;
