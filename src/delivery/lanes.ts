import type { Outbox, PendingNotification } from '../outbox/outbox.js';
import { createMinHeap } from './min-heap.js';

/**
 * Which notification is next, lane by lane.
 *
 * A cursor goes through the outbox once, oldest first, page by page. It makes the first notification it meets of each
 * lane that lane's head. What it meets of a lane that has a head already follows it in memory while there are few such
 * followers; beyond that they stay in the outbox, and are looked up there when their turn comes. So memory holds one
 * notification for each lane that is at work and a bounded number of others, however many wait. What was just accepted
 * need not be read back when it comes right after the cursor.
 *
 * A head is ready (oldest first), in flight, or waiting for its next attempt; a lane without a head is forgotten.
 *
 * Only `take` and `hasReady` read the outbox, and either may throw what it throws; asking again is safe.
 */
export interface Lanes {
  /** Takes the oldest ready head, which is then in flight. */
  take(nowMs: number): PendingNotification | undefined;
  /** A head in flight is done with; the lane goes on with its next, whether or not the outbox knows already. */
  release(head: PendingNotification): void;
  /** A head in flight is to be tried again, at once or after a while. */
  putBack(head: PendingNotification, dueAtMs: number): void;
  /** How long until a waiting head is due; undefined when none waits. */
  dueInMs(nowMs: number): number | undefined;
  /** Whether a head is ready. */
  hasReady(nowMs: number): boolean;
  /** Whether the outbox may have one where the cursor has not been yet: ask again after other work had its turn. */
  readonly isSearching: boolean;
  /** More was accepted, these among it: the end of the outbox is no longer where the cursor found it. */
  onAccepted(accepted: readonly PendingNotification[], nowMs: number): void;
}

export interface LanesOptions {
  readonly outbox: Outbox;
  /** The wall clock, for instants that were stored. */
  readonly now: () => number;
  /** No stored instant makes a notification wait longer than this after a start: the wall clock may have jumped. */
  readonly maxWaitMs: number;
  /** With so many lanes at work the cursor stops; more would only take memory. */
  readonly maxLanes: number;
  /** So many may follow their lanes' heads in memory. */
  readonly maxFollowers: number;
}

interface Waiting {
  readonly head: PendingNotification;
  readonly dueAtMs: number;
}

interface Lane {
  /** In memory, in order. */
  readonly followers: PendingNotification[];
  /** Behind them there are more in the outbox. */
  hasMore: boolean;
}

/** So many are read at once. What waits for its turn outlives collections of garbage: twice as many cost 15 MB more. */
export const pageSize = 128;
// So many ready ones are enough for a while; the rest is found by reading.
const maxReady = 1_024;
// A few milliseconds of reading.
const pagesAtOnce = 4;

/** Instants named `nowMs` and `dueAtMs` are the monotonic clock's. */
export function createLanes({ outbox, now, maxWaitMs, maxLanes, maxFollowers }: LanesOptions): Lanes {
  const ready = createMinHeap<PendingNotification>((head) => head.position);
  const waiting = createMinHeap<Waiting>((entry) => entry.dueAtMs);
  /** The lanes at work. */
  const lanes = new Map<string, Lane>();
  /** Released heads whose lanes go on with what is behind them. */
  const released: PendingNotification[] = [];
  let followerCount = 0;
  let cursor = 0;
  let isAtEnd = false;

  const enter = (head: PendingNotification, nowMs: number): void => {
    const waitMs = head.nextAttemptAt === 0 ? 0 : Math.min(head.nextAttemptAt - now(), maxWaitMs);
    if (waitMs > 0) waiting.push({ head, dueAtMs: nowMs + waitMs });
    else ready.push(head);
  };

  /** What the cursor, or who knows what comes right after it, has met. */
  const meet = (notification: PendingNotification, nowMs: number): void => {
    cursor = notification.position;
    const lane = lanes.get(notification.lane);
    if (lane === undefined) {
      lanes.set(notification.lane, { followers: [], hasMore: false });
      enter(notification, nowMs);
    } else if (lane.hasMore || followerCount >= maxFollowers) {
      lane.hasMore = true;
    } else {
      lane.followers.push(notification);
      followerCount += 1;
    }
  };

  const nextOf = (head: PendingNotification): PendingNotification | undefined => {
    const lane = lanes.get(head.lane);
    const follower = lane?.followers.shift();
    if (follower !== undefined) {
      followerCount -= 1;
      return follower;
    }
    return lane?.hasMore === true ? outbox.nextInLane(head.lane, head.position) : undefined;
  };

  const goOn = (nowMs: number): void => {
    for (let head = released.at(-1); head !== undefined; head = released.at(-1)) {
      const next = nextOf(head);
      released.pop();
      // One beyond the cursor is left to it. Taken from here it would be met there once more, for what is released stays in
      // the outbox until it is settled.
      if (next === undefined || next.position > cursor) lanes.delete(head.lane);
      else enter(next, nowMs);
    }
  };

  const isSearching = (): boolean => ready.size === 0 && !isAtEnd && lanes.size < maxLanes;

  const search = (nowMs: number): void => {
    for (let pages = 0; pages < pagesAtOnce && isSearching(); pages += 1) {
      const page = outbox.readAfter(cursor, pageSize);
      isAtEnd = page.length < pageSize;
      for (const notification of page) meet(notification, nowMs);
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
      released.push(head);
    },

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

    onAccepted(accepted, nowMs) {
      for (const notification of accepted) {
        const isNext = notification.position === cursor + 1;
        if (!isNext || ready.size >= maxReady || lanes.size >= maxLanes) {
          isAtEnd = false;
          return;
        }
        meet(notification, nowMs);
      }
      if (accepted.length === 0) isAtEnd = false;
    },
  };
}
