import type { PendingNotification } from '../outbox/outbox.js';
import type { ForgottenLanes } from './forgotten-lanes.js';
import type { ReadyHeads } from './ready-heads.js';
import type { TargetQueue } from './target-queue.js';

/**
 * Heads from beyond the cursor, for when it cannot move on because all that it has met may hurt the CRM: a small window of
 * what was accepted last, and of what stands in the outbox for long but is of a type that does not fail. None of them
 * is before another of its lane. The cursor passes over them when it comes there.
 *
 * `look` and `enter` read the outbox, and may throw what it throws; asking again is safe.
 */
export interface EarlyHeads {
  /** Looks for some. */
  look(cursor: number, nowMs: number): void;
  /** There may be more at the end of the outbox. */
  onAccepted(): void;
  /** Makes this notification a head, or what stands before it in its lane, unless the lane has one, or there is no room. */
  enter(notification: PendingNotification, cursor: number, nowMs: number): void;
  /** The cursor comes to this one; returns whether it is known already. */
  pass(position: number): boolean;
  /** Whether this one is known. */
  has(position: number): boolean;
  /** This head is being tried. */
  take(head: PendingNotification): void;
  /** The outbox knows that it is done with. */
  settled(head: PendingNotification): void;
  /** The cursor is at the end. */
  passAll(): void;
  /** Ready ones that were not tried. */
  readonly untriedCount: number;
}

export interface EarlyHeadsOptions {
  readonly queue: TargetQueue;
  readonly ready: ReadyHeads;
  readonly pageSize: number;
  /** Whether its like failed lately. */
  readonly isRisky: (notification: PendingNotification) => boolean;
  /** The lanes at work. */
  readonly lanes: Map<string, Lane>;
  readonly forgotten: Pick<ForgottenLanes, 'headOf'>;
  /** Returns whether there is room for another lane. */
  readonly makeRoom: () => boolean;
  /** Makes it ready, or lets it wait. */
  readonly enter: (head: PendingNotification, nowMs: number) => void;
}

/** A lane at work, which has a head. */
export interface Lane {
  /** What comes after its head, as far as it is in memory; in order. */
  readonly followers: PendingNotification[];
  /** Behind them there may be more in the outbox. */
  hasMore: boolean;
}

// So many that were not tried.
const maxUntried = 128;
// And so many whose numbers are kept, because the cursor must not meet them again.
const maxKnown = 10_000;
const lookEveryMs = 100;
// A few milliseconds of reading.
const pagesAtOnce = 4;

export function createEarlyHeads(options: EarlyHeadsOptions): EarlyHeads {
  const { queue, ready, lanes, forgotten, isRisky } = options;
  const scout = createOutboxScout(queue, options.pageSize);
  /** The positions of those that the outbox has as pending. */
  const known = new Set<number>();
  const untried = new Set<number>();
  let hasNew = true;
  let lookAtMs = -Infinity;

  const hasRoom = (): boolean => untried.size < maxUntried;

  /** Which of two had better go: one of the window, and of a risky type, and the older. */
  const goesBefore = (a: PendingNotification, b: PendingNotification): boolean => {
    const isUntried = untried.has(a.position);
    if (isUntried !== untried.has(b.position)) return isUntried;
    const isARisky = isRisky(a);
    return isARisky === isRisky(b) ? a.position < b.position : isARisky;
  };

  /** Leaves one of the window to the cursor. */
  const leaveOne = (): void => {
    const head = ready.fresh.takeFirst(goesBefore);
    if (head === undefined) return;
    if (!untried.delete(head.position)) {
      ready.fresh.push(head);
      return;
    }
    known.delete(head.position);
    lanes.delete(head.lane);
  };

  /** The first of its lane beyond the cursor that is not done with already. */
  const headOf = (lane: string, cursor: number): PendingNotification | undefined => {
    let head = queue.nextInLane(lane, cursor);
    while (head !== undefined && known.has(head.position)) head = queue.nextInLane(lane, head.position);
    return head;
  };

  const enter = (notification: PendingNotification, cursor: number, nowMs: number): void => {
    const { lane, position } = notification;
    if (position <= cursor || known.has(position)) return;
    const atWork = lanes.get(lane);
    if (atWork !== undefined) {
      atWork.hasMore = true;
      return;
    }
    const forgottenHead = forgotten.headOf(lane);
    if (known.size >= maxKnown || (forgottenHead !== undefined && forgottenHead.position < position)) return;
    const head = headOf(lane, cursor);
    if (!hasRoom()) leaveOne();
    if (head === undefined || !hasRoom() || !options.makeRoom()) return;
    lanes.set(lane, { followers: [], hasMore: true });
    known.add(head.position);
    options.enter(head, nowMs);
    if (head.nextAttemptAt === 0) untried.add(head.position);
  };

  return {
    look(cursor, nowMs) {
      if (!hasNew && nowMs < lookAtMs) return;
      const pages = Math.min(pagesAtOnce, Math.ceil((nowMs - lookAtMs) / lookEveryMs));
      for (const notification of scout.readNew(cursor)) enter(notification, cursor, nowMs);
      hasNew = false;
      for (let page = 0; page < pages; page += 1) {
        for (const notification of scout.readBackwards(cursor)) {
          if (untried.size < maxUntried / 2 || !isRisky(notification)) enter(notification, cursor, nowMs);
        }
      }
      if (pages > 0) lookAtMs = nowMs + lookEveryMs;
    },
    onAccepted() {
      hasNew = true;
    },
    enter,
    pass(position) {
      untried.delete(position);
      return known.delete(position);
    },
    has: (position) => known.has(position),
    take({ position }) {
      untried.delete(position);
    },
    settled({ position }) {
      known.delete(position);
    },
    passAll() {
      known.clear();
      untried.clear();
    },
    get untriedCount() {
      return untried.size;
    },
  };
}

/**
 * Reads the outbox beyond a cursor that does not move on: what is newly there, and then backwards from its end, page by page,
 * over and over.
 */
export interface OutboxScout {
  /** What was accepted since the last time, oldest first; at first, and when that is more than a page, only where it ends. */
  readNew(cursor: number): PendingNotification[];
  /** The page before the one that was read last, newest first. */
  readBackwards(cursor: number): PendingNotification[];
}

function createOutboxScout(queue: Pick<TargetQueue, 'readAfter'>, pageSize: number): OutboxScout {
  /** Nothing that was there the last time is beyond. */
  let end = 0;
  /** From here on it has been read backwards. */
  let back = 0;
  /** So many positions are looked through for a page: where much was delivered in between, they hold little. */
  let span = pageSize;

  /** The last position that is taken, from one on that is or was. */
  const findEnd = (from: number): number => {
    let [low, high] = [from, Infinity];
    for (let step = pageSize; high === Infinity; step *= 2) {
      const [next] = queue.readAfter(low + step, 1);
      if (next === undefined) high = low + step;
      else low = next.position;
    }
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const [next] = queue.readAfter(middle, 1);
      if (next === undefined) high = middle;
      else low = next.position;
    }
    return low;
  };

  return {
    readNew(cursor) {
      const page = end <= cursor ? [] : queue.readAfter(end, pageSize);
      if (end > cursor && page.length < pageSize) {
        end = page.at(-1)?.position ?? end;
        return page;
      }
      end = findEnd(Math.max(end, cursor));
      back = end + 1;
      span = pageSize;
      return [];
    },
    readBackwards(cursor) {
      if (back <= cursor + 1) back = end + 1;
      const from = Math.max(cursor, back - 1 - span);
      const page = queue.readAfter(from, pageSize);
      const isWhole = page.length < pageSize || (page.at(-1)?.position ?? 0) >= back - 1;
      if (!isWhole) {
        // More than a page: those nearest to its end are wanted.
        span = pageSize;
        return [];
      }
      const found = page.filter(({ position }) => position < back).reverse();
      back = from + 1;
      span = found.length < pageSize / 4 ? span * 2 : pageSize;
      return found;
    },
  };
}
