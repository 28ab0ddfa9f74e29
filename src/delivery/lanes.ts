import type { Outbox, PendingNotification } from '../outbox/outbox.js';
import { createMinHeap } from './min-heap.js';

/**
 * Which notification is next, lane by lane.
 *
 * A cursor goes through the outbox once, oldest first, page by page. It makes the first notification it meets of each
 * lane that lane's head; what it meets of a lane that has a head already stays in the outbox, and is looked up there when
 * its turn comes. So memory holds one notification for each lane that is at work, however many wait.
 *
 * A head is ready (oldest first), in flight, or waiting for its next attempt; a lane without a head is forgotten.
 *
 * Only `take` and `hasReady` read the outbox, and either may throw what it throws; asking again is safe.
 */
export interface Lanes {
  /** Takes the oldest ready head, which is then in flight. */
  take(nowMs: number): PendingNotification | undefined;
  /** A head in flight is settled for good; the lane goes on with its next. */
  release(head: PendingNotification): void;
  /** Whether more of a head's lane is known to wait behind it. */
  hasMore(head: PendingNotification): boolean;
  /** A head in flight is to be tried again, at once or after a while. */
  putBack(head: PendingNotification, dueAtMs: number): void;
  /** How long until a waiting head is due; undefined when none waits. */
  dueInMs(nowMs: number): number | undefined;
  /** Whether a head is ready. */
  hasReady(nowMs: number): boolean;
  /** Whether the outbox may have one where the cursor has not been yet: ask again after other work had its turn. */
  readonly isSearching: boolean;
  /** More was accepted: the end of the outbox is no longer where the cursor found it. */
  onAccepted(): void;
}

export interface LanesOptions {
  readonly outbox: Outbox;
  /** The wall clock, for instants that were stored. */
  readonly now: () => number;
  /** No stored instant makes a notification wait longer than this after a start: the wall clock may have jumped. */
  readonly maxWaitMs: number;
  /** With so many lanes at work the cursor stops; more would only take memory. */
  readonly maxLanes: number;
}

interface Waiting {
  readonly head: PendingNotification;
  readonly dueAtMs: number;
}

const pageSize = 256;
// A few milliseconds of reading.
const pagesAtOnce = 4;

/** Instants named `nowMs` and `dueAtMs` are the monotonic clock's. */
export function createLanes({ outbox, now, maxWaitMs, maxLanes }: LanesOptions): Lanes {
  const ready = createMinHeap<PendingNotification>((head) => head.position);
  const waiting = createMinHeap<Waiting>((entry) => entry.dueAtMs);
  /** The lanes at work; true for one that has more in the outbox behind its head. */
  const lanes = new Map<string, boolean>();
  /** Settled heads whose lanes go on with what the outbox has behind them. */
  const settled: PendingNotification[] = [];
  let cursor = 0;
  let isAtEnd = false;

  const enter = (head: PendingNotification, nowMs: number): void => {
    const waitMs = head.nextAttemptAt === 0 ? 0 : Math.min(head.nextAttemptAt - now(), maxWaitMs);
    if (waitMs > 0) waiting.push({ head, dueAtMs: nowMs + waitMs });
    else ready.push(head);
  };

  /** One beyond the cursor will be met again there; then it is the lane's "more", which is looked up, not entered. */
  const goOn = (nowMs: number): void => {
    for (let head = settled.at(-1); head !== undefined; head = settled.at(-1)) {
      const next = outbox.nextInLane(head.lane, head.position);
      settled.pop();
      if (next === undefined) lanes.delete(head.lane);
      else enter(next, nowMs);
    }
  };

  const isSearching = (): boolean => ready.size === 0 && !isAtEnd && lanes.size < maxLanes;

  const search = (nowMs: number): void => {
    for (let pages = 0; pages < pagesAtOnce && isSearching(); pages += 1) {
      const page = outbox.readAfter(cursor, pageSize);
      isAtEnd = page.length < pageSize;
      for (const notification of page) {
        cursor = notification.position;
        const isNew = !lanes.has(notification.lane);
        lanes.set(notification.lane, !isNew);
        if (isNew) enter(notification, nowMs);
      }
    }
  };

  const wakeDue = (nowMs: number): void => {
    for (let next = waiting.peek(); next !== undefined && next.dueAtMs <= nowMs; next = waiting.peek()) {
      waiting.pop();
      ready.push(next.head);
    }
  };

  const look = (nowMs: number): void => {
    wakeDue(nowMs);
    goOn(nowMs);
    search(nowMs);
  };

  return {
    take(nowMs) {
      look(nowMs);
      return ready.pop();
    },

    release(head) {
      if (lanes.get(head.lane) === true) settled.push(head);
      else lanes.delete(head.lane);
    },

    hasMore: (head) => lanes.get(head.lane) === true,

    putBack(head, dueAtMs) {
      if (dueAtMs === 0) ready.push(head);
      else waiting.push({ head, dueAtMs });
    },

    dueInMs(nowMs) {
      const next = waiting.peek();
      return next === undefined ? undefined : Math.max(0, next.dueAtMs - nowMs);
    },

    hasReady(nowMs) {
      look(nowMs);
      return ready.size > 0;
    },

    get isSearching() {
      return isSearching();
    },

    onAccepted() {
      isAtEnd = false;
    },
  };
}
