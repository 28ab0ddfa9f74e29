import { type PendingNotification, wantedAt } from '../outbox/outbox.js';
import { createEarlyHeads, type Lane } from './early-heads.js';
import { createForgottenLanes } from './forgotten-lanes.js';
import { createReadyHeads, createWaitingHeads, type ReadyHeads, type Standing, wasTried } from './heads.js';
import type { LanesOptions } from './lanes-options.js';

/**
 * Which notifications of a target may be next, lane by lane.
 *
 * A cursor goes once through what the outbox has for the target, oldest first, page by page. The first notification it reads of
 * a lane becomes the lane's head. Later ones of that lane follow the head in memory while there are few such followers; the rest
 * stay in the outbox and are read there when their turn comes. So memory holds one notification for each lane at work and a
 * bounded number of others, however many wait. A notification that was just accepted need not be read back if it comes right
 * after the cursor: positions are the target's own, so nothing lies between.
 *
 * A head is ready, in flight, or waiting for its next attempt; a lane without a head is dropped. If there are too many lanes,
 * those whose waiting heads are due last are forgotten, and found again when they are due.
 *
 * Only `take` and `findReady` read the outbox, and both may throw its errors; calling them again is safe.
 */
export interface Lanes {
  /** Takes a ready head, which is then in flight: the one that `choose` returns, or the oldest. */
  take(nowMs: number, choose?: (ready: ReadyHeads) => PendingNotification | undefined): PendingNotification | undefined;
  /** A head in flight is done; its lane moves on to the next, even before the outbox has the settlement. */
  release(head: PendingNotification): void;
  /** The outbox has the settlement of this head. */
  settled(head: PendingNotification): void;
  /** A head in flight will be tried again, at once or later. @default standing: by whether it was tried before */
  putBack(head: PendingNotification, dueAtMs: number, standing?: Standing): void;
  /** A head in flight has left the outbox's window with its lane, until it is due again. */
  drop(head: PendingNotification): void;
  /** A head that waits is due at once. Returns whether one with this id is ready now. */
  hurry(id: string, nowMs: number): boolean;
  /** The ids of those that somebody wants to be tried at once. */
  wantedIds(): readonly string[];
  /** How long until a waiting head is due; undefined when none waits. */
  dueInMs(nowMs: number): number | undefined;
  /** Returns whether a head is ready, and reads on in the outbox to find one. */
  findReady(nowMs: number): boolean;
  /** Whether the outbox may have a ready head beyond the cursor: call `findReady` again after other work has had its turn. */
  readonly isSearching: boolean;
  /** These were accepted, for any targets; empty when it is not known what was accepted. */
  onAccepted(accepted: readonly PendingNotification[], nowMs: number): void;
}

/** Read at once. What waits for its turn survives garbage collections: twice as many cost 15 MB more. */
export const pageSize = 128;
// So many ready heads are enough for a while. When half are left to choose from, more are read.
const maxReady = 1_024;
const refillBelow = maxReady / 2;
// With so many ready heads that failed before, forgotten lanes stay forgotten even when they are due.
const maxFailing = 32;
/** What an operator asks for is little. */
const maxWanted = 32;
// A few milliseconds of reading.
const pagesAtOnce = 4;

/** `nowMs` and `dueAtMs` are instants of the monotonic clock. */
export function createLanes(options: LanesOptions): Lanes {
  const { queue, now, maxWaitMs, maxLanes, maxFollowers } = options;
  const { ready = createReadyHeads(), isReadingAhead = () => false, isRisky = () => false } = options;
  const waiting = createWaitingHeads(ready, maxLanes / 8);
  const forgotten = createForgottenLanes({ queue, now, maxWaitMs });
  /** The lanes at work. */
  const lanes = new Map<string, Lane>();
  /** Released heads whose lanes must still move on. */
  const released: PendingNotification[] = [];
  let followerCount = 0;
  let cursor = 0;
  let isAtEnd = false;

  const addHead = (head: PendingNotification, nowMs: number): void => {
    const waitMs = head.nextAttemptAt === 0 ? 0 : Math.min(head.nextAttemptAt - now(), maxWaitMs);
    const entry = { head, dueAtMs: nowMs + Math.max(0, waitMs), isSuspect: wasTried(head) };
    if (waitMs > 0) waiting.push(entry);
    else ready.add(entry);
  };

  const early = createEarlyHeads({ queue, ready, lanes, forgotten, pageSize, isRisky, addHead, makeRoom });

  /** Moves the cursor on to this notification, which comes right after it. */
  const visit = (notification: PendingNotification, nowMs: number): void => {
    const lane = lanes.get(notification.lane);
    if (early.pass(notification.position)) {
      cursor = notification.position;
      return;
    }
    // Read before the cursor moves on, because this may throw.
    const earlier = lane === undefined ? forgotten.headOf(notification.lane) : undefined;
    cursor = notification.position;
    if (lane === undefined) {
      // The forgotten head comes first in this lane; this one is found after it.
      if (earlier !== undefined && earlier.position < notification.position) return;
      lanes.set(notification.lane, { followers: [], hasMore: false });
      addHead(notification, nowMs);
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

  const advanceReleased = (nowMs: number): void => {
    for (let head = released.at(-1); head !== undefined; head = released.at(-1)) {
      const next = nextOf(head);
      released.pop();
      // What is beyond the cursor is left to the cursor. Made a head here, it would be read there again, because what is released
      // stays in the outbox until it is settled.
      if (next !== undefined && next.position <= cursor) addHead(next, nowMs);
      else lanes.delete(head.lane);
      if (next !== undefined && next.position > cursor && isReadingAhead()) early.tryAdd(next, cursor, nowMs);
    }
  };

  /** Forgets about half of the lanes whose heads wait: those that are due last. */
  const forget = (): void => {
    for (const { head } of waiting.takeLatestHalf()) {
      followerCount -= lanes.get(head.lane)?.followers.length ?? 0;
      lanes.delete(head.lane);
      forgotten.add(head);
    }
  };

  /** Brings forgotten lanes back to work once they are due. */
  const remember = (nowMs: number): void => {
    if (forgotten.count === 0 || ready.failing.size >= maxFailing) return;
    forgotten.find(nowMs, pageSize, (found) => {
      if ((found.position > cursor && !early.has(found.position)) || lanes.has(found.lane)) return;
      // What is before it in its lane comes first.
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
    ready.fresh.size - early.untriedCount < (isReadingAhead() ? refillBelow : 1) &&
    (lanes.size < maxLanes || waiting.canForget());

  const readOn = (nowMs: number): void => {
    for (let pages = 0; pages < pagesAtOnce && isSearching(); pages += 1) {
      makeRoom();
      const page = queue.readAfter(cursor, pageSize);
      for (const notification of page) visit(notification, nowMs);
      isAtEnd = page.length < pageSize;
      if (isAtEnd) early.passAll();
    }
  };

  const update = (nowMs: number): void => {
    waiting.wakeDue(nowMs);
    advanceReleased(nowMs);
    remember(nowMs);
    readOn(nowMs);
    if (!isAtEnd && isReadingAhead() && !isSearching()) early.search(cursor, nowMs);
  };

  return {
    take(nowMs, choose = () => ready.takeOldest()) {
      update(nowMs);
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

    putBack(head, dueAtMs, standing = wasTried(head) ? 'suspect' : 'responded') {
      const entry = { head, dueAtMs, isSuspect: standing === 'suspect' };
      if (standing === 'refused') ready.refused.push(head);
      else if (dueAtMs === 0) ready.add(entry);
      else waiting.push(entry);
    },

    drop(head) {
      early.settled(head);
      followerCount -= lanes.get(head.lane)?.followers.length ?? 0;
      lanes.delete(head.lane);
    },

    hurry(id, nowMs) {
      for (const entry of waiting.take(id)) ready.add({ ...entry, dueAtMs: nowMs });
      return ready.has(id);
    },

    wantedIds: () => queue.readDue({ nextAttemptAt: 0, position: 0 }, wantedAt, maxWanted).map(({ id }) => id),

    dueInMs(nowMs) {
      const forgottenMs = ready.failing.size < maxFailing ? (forgotten.dueInMs(nowMs) ?? Infinity) : Infinity;
      const waitMs = Math.min(waiting.dueInMs(nowMs), forgottenMs);
      return waitMs === Infinity ? undefined : waitMs;
    },

    findReady(nowMs) {
      update(nowMs);
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
        visit(notification, nowMs);
      }
      if (accepted.length === 0) isAtEnd = false;
    },
  };
}
