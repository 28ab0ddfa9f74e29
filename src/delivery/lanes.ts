import type { Outbox, PendingNotification } from '../outbox/outbox.js';
import { createForgottenLanes } from './forgotten-lanes.js';
import { createMinHeap } from './min-heap.js';
import { createReadyHeads, type ReadyHeads, type WaitingHead } from './ready-heads.js';

/**
 * Which notifications of a target may be next, lane by lane.
 *
 * A cursor goes through what the outbox has for the target once, oldest first, page by page. It makes the first notification it
 * meets of each lane that lane's head. What it meets of a lane that has a head already follows it in memory while there are few
 * such followers; beyond that they stay in the outbox, and are looked up there when their turn comes. So memory holds one
 * notification for each lane that is at work and a bounded number of others, however many wait. What was just accepted
 * need not be read back when it comes right after the cursor: positions are the target's own, so nothing lies between.
 *
 * A head is ready, in flight, or waiting for its next attempt; a lane without a head is forgotten. So is one whose head
 * waits, when there are too many: then the heads that are due last make room, and are found again when they are due.
 *
 * Only `take` and `hasReady` read the outbox, and either may throw what it throws; asking again is safe.
 */
export interface Lanes {
  /** Takes a ready head, which is then in flight: the one that `choose` takes, or the oldest. */
  take(nowMs: number, choose?: (ready: ReadyHeads) => PendingNotification | undefined): PendingNotification | undefined;
  /** A head in flight is done with; the lane goes on with its next, whether or not the outbox knows already. */
  release(head: PendingNotification): void;
  /** The outbox knows that this head is done with. */
  settled(head: PendingNotification): void;
  /** A head in flight is to be tried again, at once or after a while; `isRefused` once the target is not paused any more. */
  putBack(head: PendingNotification, dueAtMs: number, isRefused?: boolean): void;
  /** How long until a waiting head is due; undefined when none waits. */
  dueInMs(nowMs: number): number | undefined;
  /** Whether a head is ready. */
  hasReady(nowMs: number): boolean;
  /** Whether the outbox may have one where the cursor has not been yet: ask again after other work had its turn. */
  readonly isSearching: boolean;
  /** This was accepted, for whatever targets; empty when it is not known what was accepted. */
  onAccepted(accepted: readonly PendingNotification[], nowMs: number): void;
}

export interface LanesOptions {
  readonly outbox: Outbox;
  /** The name of the target whose lanes these are. */
  readonly target: string;
  /** The clock of the instants that are stored. */
  readonly now: () => number;
  /** No stored instant makes a notification wait longer than this after a start. */
  readonly maxWaitMs: number;
  /** With so many lanes at work those that wait longest are forgotten, or the cursor stops; more would only take memory. */
  readonly maxLanes: number;
  /** So many may follow their lanes' heads in memory. */
  readonly maxFollowers: number;
  /** Where ready heads are. @default one of its own */
  readonly ready?: ReadyHeads;
  /** Whether to read ahead, so that there is a choice of fresh heads. @default never */
  readonly isReadingAhead?: () => boolean;
}

interface Lane {
  /** In memory, in order. */
  readonly followers: PendingNotification[];
  /** Behind them there are more in the outbox. */
  hasMore: boolean;
}

/** So many are read at once. What waits for its turn outlives collections of garbage: twice as many cost 15 MB more. */
export const pageSize = 128;
// So many ready ones are enough for a while; the rest is found by reading. When half are left to choose from, more are read.
const maxReady = 1_024;
const fewAhead = maxReady / 2;
// With so many that failed and are due again, those that are due as well may stay forgotten.
const enoughFailing = 32;
// A few milliseconds of reading.
const pagesAtOnce = 4;

/** Instants named `nowMs` and `dueAtMs` are the monotonic clock's. */
export function createLanes(options: LanesOptions): Lanes {
  const { outbox, target, now, maxWaitMs, maxLanes, maxFollowers } = options;
  const { ready = createReadyHeads(), isReadingAhead = () => false } = options;
  const waiting = createMinHeap<WaitingHead>((entry) => entry.dueAtMs);
  const forgotten = createForgottenLanes({ outbox, target, now, maxWaitMs });
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
    else ready.add(head, nowMs);
  };

  /** What the cursor, or who knows what comes right after it, has met. */
  const meet = (notification: PendingNotification, nowMs: number): void => {
    const lane = lanes.get(notification.lane);
    // Asked before the cursor moves on, since it may throw.
    const earlier = lane === undefined ? forgotten.headOf(notification.lane) : undefined;
    cursor = notification.position;
    if (lane === undefined) {
      // It is found behind the head, once that is.
      if (earlier !== undefined && earlier.position < notification.position) return;
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
    return lane?.hasMore === true ? outbox.nextInLane(target, head.lane, head.position) : undefined;
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

  /** Whether so many wait that to forget half of them makes room for a while. */
  const canForget = (): boolean => {
    const waitingCount = waiting.size + ready.failing.size;
    return waitingCount > maxLanes / 8 && (waiting.some(isStored) || ready.failing.some(isStored));
  };

  /** Forgets about half of the lanes whose heads wait, those that are due last. */
  const forget = (): void => {
    const all = [...waiting.takeAll(isStored), ...ready.failing.takeAll(isStored)].sort(
      (a, b) => a.dueAtMs - b.dueAtMs,
    );
    const kept = all.length >> 1;
    for (const entry of all.slice(0, kept)) waiting.push(entry);
    for (const { head } of all.slice(kept)) {
      followerCount -= lanes.get(head.lane)?.followers.length ?? 0;
      lanes.delete(head.lane);
      forgotten.add(head);
    }
  };

  /** Remembers what is due again. */
  const remember = (nowMs: number): void => {
    if (forgotten.count === 0 || ready.failing.size >= enoughFailing) return;
    forgotten.find(nowMs, pageSize, (found) => {
      if (found.position > cursor || lanes.has(found.lane)) return;
      // Whatever stands before it in its lane comes first.
      const head = forgotten.headOf(found.lane) ?? found;
      lanes.set(head.lane, { followers: [], hasMore: true });
      forgotten.remove();
      ready.add(head, nowMs);
    });
    if (lanes.size > maxLanes + pageSize && canForget()) forget();
  };

  const isSearching = (): boolean =>
    !isAtEnd && ready.fresh.size < (isReadingAhead() ? fewAhead : 1) && (lanes.size < maxLanes || canForget());

  const search = (nowMs: number): void => {
    for (let pages = 0; pages < pagesAtOnce && isSearching(); pages += 1) {
      if (lanes.size >= maxLanes) forget();
      const page = outbox.readAfter(target, cursor, pageSize);
      for (const notification of page) meet(notification, nowMs);
      isAtEnd = page.length < pageSize;
    }
  };

  const wakeDue = (nowMs: number): void => {
    for (let next = waiting.peek(); next !== undefined && next.dueAtMs <= nowMs; next = waiting.peek()) {
      waiting.pop();
      ready.add(next.head, next.dueAtMs);
    }
  };

  const look = (nowMs: number): void => {
    wakeDue(nowMs);
    goOn(nowMs);
    remember(nowMs);
    search(nowMs);
  };

  return {
    take(nowMs, choose = () => ready.takeOldest()) {
      look(nowMs);
      return choose(ready);
    },

    release(head) {
      released.push(head);
      forgotten.release(head);
    },

    settled(head) {
      forgotten.settled(head);
    },

    putBack(head, dueAtMs, isRefused = false) {
      if (isRefused) ready.refused.push(head);
      else if (dueAtMs === 0) ready.add(head, 0);
      else waiting.push({ head, dueAtMs });
    },

    dueInMs(nowMs) {
      const next = waiting.peek();
      const waitMs = next === undefined ? Infinity : Math.max(0, next.dueAtMs - nowMs);
      const forgottenMs = ready.failing.size < enoughFailing ? (forgotten.dueInMs(nowMs) ?? Infinity) : Infinity;
      const dueInMs = Math.min(waitMs, forgottenMs);
      return dueInMs === Infinity ? undefined : dueInMs;
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
        if (notification.target !== target) continue;
        const isNext = notification.position === cursor + 1;
        if (!isNext || ready.size >= maxReady || lanes.size >= maxLanes || forgotten.count > 0) {
          isAtEnd = false;
          return;
        }
        meet(notification, nowMs);
      }
      if (accepted.length === 0) isAtEnd = false;
    },
  };
}

/** Whether the outbox knows when it is due, so that it can be found there. */
const isStored = ({ head }: WaitingHead): boolean => head.nextAttemptAt > 0;
