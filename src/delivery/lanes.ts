import type { PendingNotification } from '../outbox/outbox.js';
import { createEarlyHeads, type Lane } from './early-heads.js';
import { createForgottenLanes } from './forgotten-lanes.js';
import { createReadyHeads, wasTried, type ReadyHeads, type Standing } from './ready-heads.js';
import type { TargetQueue } from './target-queue.js';
import { createWaitingHeads } from './waiting-heads.js';

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
  /** A head in flight is to be tried again, at once or after a while. @default standing by whether it was tried before */
  putBack(head: PendingNotification, dueAtMs: number, standing?: Standing): void;
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
  readonly queue: TargetQueue;
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
  /** Whether its like failed lately. @default never */
  readonly isRisky?: (notification: PendingNotification) => boolean;
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
  const { queue, now, maxWaitMs, maxLanes, maxFollowers } = options;
  const { ready = createReadyHeads(), isReadingAhead = () => false, isRisky = () => false } = options;
  const waiting = createWaitingHeads(ready, maxLanes / 8);
  const forgotten = createForgottenLanes({ queue, now, maxWaitMs });
  /** The lanes at work. */
  const lanes = new Map<string, Lane>();
  /** Released heads whose lanes go on with what is behind them. */
  const released: PendingNotification[] = [];
  let followerCount = 0;
  let cursor = 0;
  let isAtEnd = false;

  const enter = (head: PendingNotification, nowMs: number): void => {
    const waitMs = head.nextAttemptAt === 0 ? 0 : Math.min(head.nextAttemptAt - now(), maxWaitMs);
    const entry = { head, dueAtMs: nowMs + Math.max(0, waitMs), isSuspect: wasTried(head) };
    if (waitMs > 0) waiting.push(entry);
    else ready.add(entry);
  };

  const early = createEarlyHeads({ queue, ready, lanes, forgotten, pageSize, isRisky, enter, makeRoom });

  /** What the cursor, or who knows what comes right after it, has met. */
  const meet = (notification: PendingNotification, nowMs: number): void => {
    const lane = lanes.get(notification.lane);
    if (early.pass(notification.position)) {
      cursor = notification.position;
      return;
    }
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
    return lane?.hasMore === true ? queue.nextInLane(head.lane, head.position) : undefined;
  };

  const goOn = (nowMs: number): void => {
    for (let head = released.at(-1); head !== undefined; head = released.at(-1)) {
      const next = nextOf(head);
      released.pop();
      // One beyond the cursor is left to it. Taken from here it would be met there once more, for what is released stays in
      // the outbox until it is settled.
      if (next !== undefined && next.position <= cursor) enter(next, nowMs);
      else lanes.delete(head.lane);
      if (next !== undefined && next.position > cursor && isReadingAhead()) early.enter(next, cursor, nowMs);
    }
  };

  /** Forgets about half of the lanes whose heads wait, those that are due last. */
  const forget = (): void => {
    for (const { head } of waiting.takeLatestHalf()) {
      followerCount -= lanes.get(head.lane)?.followers.length ?? 0;
      lanes.delete(head.lane);
      forgotten.add(head);
    }
  };

  /** Remembers what is due again. */
  const remember = (nowMs: number): void => {
    if (forgotten.count === 0 || ready.failing.size >= enoughFailing) return;
    forgotten.find(nowMs, pageSize, (found) => {
      if ((found.position > cursor && !early.has(found.position)) || lanes.has(found.lane)) return;
      // Whatever stands before it in its lane comes first.
      const head = forgotten.headOf(found.lane) ?? found;
      lanes.set(head.lane, { followers: [], hasMore: true });
      forgotten.remove();
      ready.add({ head, dueAtMs: nowMs, isSuspect: wasTried(head) });
    });
    if (lanes.size > maxLanes + pageSize && waiting.canForget()) forget();
  };

  /** Returns whether there is room for another lane. */
  function makeRoom(): boolean {
    if (lanes.size >= maxLanes && waiting.canForget()) forget();
    return lanes.size < maxLanes;
  }

  const isSearching = (): boolean =>
    !isAtEnd &&
    ready.fresh.size - early.untriedCount < (isReadingAhead() ? fewAhead : 1) &&
    (lanes.size < maxLanes || waiting.canForget());

  const search = (nowMs: number): void => {
    for (let pages = 0; pages < pagesAtOnce && isSearching(); pages += 1) {
      makeRoom();
      const page = queue.readAfter(cursor, pageSize);
      for (const notification of page) meet(notification, nowMs);
      isAtEnd = page.length < pageSize;
      if (isAtEnd) early.passAll();
    }
  };

  const look = (nowMs: number): void => {
    waiting.wakeDue(nowMs);
    goOn(nowMs);
    remember(nowMs);
    search(nowMs);
    if (!isAtEnd && isReadingAhead() && !isSearching()) early.look(cursor, nowMs);
  };

  return {
    take(nowMs, choose = () => ready.takeOldest()) {
      look(nowMs);
      const head = choose(ready);
      if (head !== undefined) early.take(head);
      return head;
    },

    release(head) {
      released.push(head);
      forgotten.release(head);
    },

    settled(head) {
      forgotten.settled(head);
      early.settled(head);
    },

    putBack(head, dueAtMs, standing = wasTried(head) ? 'suspect' : 'answered') {
      const entry = { head, dueAtMs, isSuspect: standing === 'suspect' };
      if (standing === 'refused') ready.refused.push(head);
      else if (dueAtMs === 0) ready.add(entry);
      else waiting.push(entry);
    },

    dueInMs(nowMs) {
      const forgottenMs = ready.failing.size < enoughFailing ? (forgotten.dueInMs(nowMs) ?? Infinity) : Infinity;
      const dueInMs = Math.min(waiting.dueInMs(nowMs), forgottenMs);
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
      early.onAccepted();
      for (const notification of accepted) {
        if (notification.target !== queue.target) continue;
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
