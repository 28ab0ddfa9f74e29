import type { DuePlace, PendingNotification } from '../outbox/outbox.js';
import type { TargetQueue } from './target-queue.js';

/**
 * Lanes whose heads wait in the outbox alone, because there was no room for them in memory. Only their number is remembered; they
 * are found again by the instant at which they are due.
 *
 * `find` and `headOf` read the outbox, and may throw what it throws; asking again is safe.
 */
export interface ForgottenLanes {
  readonly count: number;
  /** Forgets this head, which waits. */
  add(head: PendingNotification): void;
  /** Gives those that are due by now, at most `limit`; the caller skips those that were not forgotten. */
  find(nowMs: number, limit: number, give: (head: PendingNotification) => void): void;
  /** One of them is remembered again. */
  remove(): void;
  /** How long until there may be one that is due. */
  dueInMs(nowMs: number): number | undefined;
  /** The head of this lane, if it may have been forgotten. */
  headOf(lane: string): PendingNotification | undefined;
  /** This head is done with, though the outbox may not know yet. */
  release(head: PendingNotification): void;
  /** Now the outbox knows. */
  settled(head: PendingNotification): void;
}

export interface ForgottenLanesOptions {
  readonly queue: TargetQueue;
  /** The clock of the instants that are stored. */
  readonly now: () => number;
  /** Nothing waits longer than this, whatever that clock shows. */
  readonly maxWaitMs: number;
}

const start: DuePlace = { nextAttemptAt: 0, position: 0 };
// That clock may jump, so it is checked this often.
const lookEveryMs = 1_000;

/** Instants named `nowMs` are the monotonic clock's. */
export function createForgottenLanes({ queue, now, maxWaitMs }: ForgottenLanesOptions): ForgottenLanes {
  /** Heads that were retried and are delivered, while the outbox still has them as if they waited. */
  const unsettled = new Set<number>();
  let count = 0;
  let place = start;
  /** Nothing is due before. */
  let lookAtMs = 0;
  /** By then all are due that are forgotten now. */
  let allDueAtMs: number | undefined;
  let isReadingAll = false;

  const planNextLook = (nowMs: number): void => {
    const [next] = queue.readDue(place, Infinity, 1);
    // Somebody else has emptied the outbox.
    if (next === undefined && place === start) count = 0;
    const waitMs = next === undefined ? lookEveryMs : next.nextAttemptAt - now();
    lookAtMs = nowMs + Math.min(Math.max(waitMs, 1), lookEveryMs);
  };

  return {
    get count() {
      return count;
    },
    add() {
      count += 1;
      place = start;
      lookAtMs = 0;
      allDueAtMs = undefined;
      isReadingAll = false;
    },
    find(nowMs, limit, give) {
      if (count === 0 || nowMs < lookAtMs) return;
      allDueAtMs ??= nowMs + maxWaitMs;
      if (!isReadingAll && nowMs >= allDueAtMs) {
        isReadingAll = true;
        place = start;
      }
      const page = queue.readDue(place, isReadingAll ? Infinity : now(), limit);
      for (const head of page) {
        if (!unsettled.has(head.position)) give(head);
        place = { nextAttemptAt: head.nextAttemptAt, position: head.position };
      }
      if (page.length === limit) return;
      if (isReadingAll) {
        isReadingAll = false;
        allDueAtMs = undefined;
        place = start;
      }
      planNextLook(nowMs);
    },
    remove() {
      count = Math.max(0, count - 1);
    },
    dueInMs: (nowMs) => (count === 0 ? undefined : Math.max(0, lookAtMs - nowMs)),
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
