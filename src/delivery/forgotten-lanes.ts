import type { DuePlace, PendingNotification } from '../outbox/outbox.js';
import type { TargetQueue } from './target-queue.js';

/**
 * Lanes whose heads wait only in the outbox, because there was no room for them in memory. Only their number is remembered; they
 * are found again by the instant at which they are due.
 *
 * `find` and `headOf` read the outbox, and may throw its errors; calling them again is safe.
 */
export interface ForgottenLanes {
  readonly count: number;
  /** Forgets this head, which waits. */
  add(head: PendingNotification): void;
  /** Calls `onFound` with those that are due by now, at most `limit`; the caller skips those that were not forgotten. */
  find(nowMs: number, limit: number, onFound: (head: PendingNotification) => void): void;
  /** One of them is back at work. */
  remove(): void;
  /** How long until one may be due. */
  dueInMs(nowMs: number): number | undefined;
  /** The head of this lane, if it may have been forgotten. */
  headOf(lane: string): PendingNotification | undefined;
  /** This head is done, but the outbox may not have the settlement yet. */
  release(head: PendingNotification): void;
  /** The outbox has the settlement. */
  settled(head: PendingNotification): void;
}

export interface ForgottenLanesOptions {
  readonly queue: TargetQueue;
  /** The clock for stored instants. */
  readonly now: () => number;
  /** Nothing waits longer than this, whatever that clock shows. */
  readonly maxWaitMs: number;
}

const start: DuePlace = { nextAttemptAt: 0, position: 0 };
// The clock for stored instants may jump, so it is checked this often.
const checkEveryMs = 1_000;

/** `nowMs` is an instant of the monotonic clock. */
export function createForgottenLanes({ queue, now, maxWaitMs }: ForgottenLanesOptions): ForgottenLanes {
  /** Positions of heads that were retried and are done, but that the outbox still has as waiting. */
  const unsettled = new Set<number>();
  let count = 0;
  let place = start;
  /** Nothing is due before this instant. */
  let nextCheckAtMs = 0;
  /** By this instant, everything that is forgotten now is due. */
  let allDueAtMs: number | undefined;
  let isReadingAll = false;

  const scheduleNextCheck = (nowMs: number): void => {
    const [next] = queue.readDue(place, Infinity, 1);
    // Another process has emptied the outbox.
    if (next === undefined && place === start) count = 0;
    const waitMs = next === undefined ? checkEveryMs : next.nextAttemptAt - now();
    nextCheckAtMs = nowMs + Math.min(Math.max(waitMs, 1), checkEveryMs);
  };

  return {
    get count() {
      return count;
    },
    add() {
      count += 1;
      place = start;
      nextCheckAtMs = 0;
      allDueAtMs = undefined;
      isReadingAll = false;
    },
    find(nowMs, limit, onFound) {
      if (count === 0 || nowMs < nextCheckAtMs) return;
      allDueAtMs ??= nowMs + maxWaitMs;
      if (!isReadingAll && nowMs >= allDueAtMs) {
        isReadingAll = true;
        place = start;
      }
      const page = queue.readDue(place, isReadingAll ? Infinity : now(), limit);
      for (const head of page) {
        if (!unsettled.has(head.position)) onFound(head);
        place = { nextAttemptAt: head.nextAttemptAt, position: head.position };
      }
      if (page.length === limit) return;
      if (isReadingAll) {
        isReadingAll = false;
        allDueAtMs = undefined;
        place = start;
      }
      scheduleNextCheck(nowMs);
    },
    remove() {
      count = Math.max(0, count - 1);
    },
    dueInMs: (nowMs) => (count === 0 ? undefined : Math.max(0, nextCheckAtMs - nowMs)),
    headOf(lane) {
      if (count === 0) return undefined;
      const head = queue.nextInLane(lane, 0);
      return head !== undefined && head.nextAttemptAt > 0 && !unsettled.has(head.position) ? head : undefined;
    },
    release({ position, nextAttemptAt }) {
      if (nextAttemptAt > 0) unsettled.add(position);
    },
    settled({ position, nextAttemptAt }) {
      if (nextAttemptAt > 0) unsettled.delete(position);
    },
  };
}
