import type { PendingNotification } from '../outbox/outbox.js';
import type { ForgottenLanes } from './forgotten-lanes.js';
import type { ReadyHeads } from './heads.js';
import type { TargetQueue } from './target-queue.js';

/**
 * Heads from beyond the cursor, for when the cursor cannot move on because everything it has read may hurt the CRM: a small
 * window of what was accepted last, and of what has long been in the outbox but is of a type that does not fail. Each is the
 * first of its lane. The cursor passes over them when it gets there.
 *
 * `search` and `tryAdd` read the outbox, and may throw its errors; calling them again is safe.
 */
export interface EarlyHeads {
  /** Searches beyond the cursor for heads. */
  search(cursor: number, nowMs: number): void;
  /** Something was accepted, so there may be more at the end of the outbox. */
  onAccepted(): void;
  /** Makes this notification, or what is before it in its lane, a head, unless the lane has one or there is no room. */
  tryAdd(notification: PendingNotification, cursor: number, nowMs: number): void;
  /** The cursor passes this position; returns whether it was known already. */
  pass(position: number): boolean;
  /** Whether this position is known. */
  has(position: number): boolean;
  /** An attempt of this head begins. */
  take(head: PendingNotification): void;
  /** The outbox has the settlement of this head. */
  settled(head: PendingNotification): void;
  /** The cursor has reached the end of the outbox. */
  passAll(): void;
  /** How many of the ready heads were not tried. */
  readonly untriedCount: number;
}

export interface EarlyHeadsOptions {
  readonly queue: TargetQueue;
  readonly ready: ReadyHeads;
  readonly pageSize: number;
  /** Whether notifications of its type failed lately. */
  readonly isRisky: (notification: PendingNotification) => boolean;
  /** The lanes at work. */
  readonly lanes: Map<string, Lane>;
  readonly forgotten: Pick<ForgottenLanes, 'headOf'>;
  /** Returns whether there is room for another lane. */
  readonly makeRoom: () => boolean;
  /** Makes a head ready, or lets it wait. */
  readonly addHead: (head: PendingNotification, nowMs: number) => void;
}

/** A lane at work, which has a head. */
export interface Lane {
  /** What comes after its head, in order, as far as it is in memory. */
  readonly followers: PendingNotification[];
  /** Whether there may be more after them in the outbox. */
  hasMore: boolean;
}

// The most heads that were not tried.
const maxUntried = 128;
// The most positions that are kept, because the cursor must not add them again.
const maxKnown = 10_000;
const searchEveryMs = 100;
// A few milliseconds of reading.
const pagesAtOnce = 4;

export function createEarlyHeads(options: EarlyHeadsOptions): EarlyHeads {
  const { queue, ready, lanes, forgotten, isRisky } = options;
  const scout = createOutboxScout(queue, options.pageSize);
  /** The positions of these heads while they are pending in the outbox. */
  const known = new Set<number>();
  const untried = new Set<number>();
  let hasNew = true;
  let nextSearchAtMs = -Infinity;

  const hasRoom = (): boolean => untried.size < maxUntried;

  /** Whether `a` is dropped rather than `b`: untried heads first, then those of a risky type, then the older. */
  const isDroppedBefore = (a: PendingNotification, b: PendingNotification): boolean => {
    const isUntried = untried.has(a.position);
    if (isUntried !== untried.has(b.position)) return isUntried;
    const isARisky = isRisky(a);
    return isARisky === isRisky(b) ? a.position < b.position : isARisky;
  };

  /** Drops one head of the window; the cursor will find it. */
  const dropOne = (): void => {
    const head = ready.fresh.takeFirst(isDroppedBefore);
    if (head === undefined) return;
    if (!untried.delete(head.position)) {
      ready.fresh.push(head);
      return;
    }
    known.delete(head.position);
    lanes.delete(head.lane);
  };

  /** The first of its lane beyond the cursor that is not done already. */
  const headOf = (lane: string, cursor: number): PendingNotification | undefined => {
    let head = queue.nextInLane(lane, cursor);
    while (head !== undefined && known.has(head.position)) head = queue.nextInLane(lane, head.position);
    return head;
  };

  const tryAdd = (notification: PendingNotification, cursor: number, nowMs: number): void => {
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
    if (!hasRoom()) dropOne();
    if (head === undefined || !hasRoom() || !options.makeRoom()) return;
    lanes.set(lane, { followers: [], hasMore: true });
    known.add(head.position);
    options.addHead(head, nowMs);
    if (head.nextAttemptAt === 0) untried.add(head.position);
  };

  return {
    search(cursor, nowMs) {
      if (!hasNew && nowMs < nextSearchAtMs) return;
      const pages = Math.min(pagesAtOnce, Math.ceil((nowMs - nextSearchAtMs) / searchEveryMs));
      for (const notification of scout.readNew(cursor)) tryAdd(notification, cursor, nowMs);
      hasNew = false;
      for (let page = 0; page < pages; page += 1) {
        for (const notification of scout.readBackwards(cursor)) {
          if (untried.size < maxUntried / 2 || !isRisky(notification)) tryAdd(notification, cursor, nowMs);
        }
      }
      if (pages > 0) nextSearchAtMs = nowMs + searchEveryMs;
    },
    onAccepted() {
      hasNew = true;
    },
    tryAdd,
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
 * Reads the outbox beyond a cursor that does not move on: first what is new, then backwards from the end, page by page, over
 * and over.
 */
export interface OutboxScout {
  /** What was accepted since the last call, oldest first. The first call, and one after more than a page, only finds the end. */
  readNew(cursor: number): PendingNotification[];
  /** The page before the one that was last read, newest first. */
  readBackwards(cursor: number): PendingNotification[];
}

function createOutboxScout(queue: Pick<TargetQueue, 'readAfter'>, pageSize: number): OutboxScout {
  /** The last position in use at the last call. */
  let end = 0;
  /** Everything from this position to the end has been read backwards. */
  let back = 0;
  /** How many positions to read for a page: where much was delivered in between, they hold little. */
  let span = pageSize;

  /** The last position in use; `from` is or was in use. */
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
        // More than a page: those nearest to the end are wanted, so read fewer positions next time.
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
