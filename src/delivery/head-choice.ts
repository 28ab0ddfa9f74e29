import type { PendingNotification } from '../outbox/outbox.js';
import type { CircuitBreaker } from './circuit-breaker.js';
import { createFreshOrder, type ReadyHeads, type Direction } from './heads.js';
import type { MinHeap } from './min-heap.js';

/**
 * Which of the ready heads is tried next, so that heads which hurt the CRM cannot hold up the others.
 *
 * While all goes well, that is the oldest. Once one gets no response or is refused, only a quarter of the attempts may be risky:
 * heads that failed before, and the oldest of those that the order of fresh heads puts last. The rest are the fresh heads most
 * likely to succeed. Each response to a risky head lets one more be risky, up to all. While the target is paused, the probes
 * are by turns a head that failed or was refused, and another.
 */
export interface HeadChoice {
  /** Whether one of the ready heads may be tried. */
  mayChoose(): boolean;
  /** Whether a newly accepted head can be tried while older ones fail. */
  hasNewest(): boolean;
  /** An operator wants this one to be tried before others, once it is ready. */
  want(id: string): void;
  /** Takes the head to try next; call `begin` when its attempt starts. `isForNewest`: it must not be a risky one. */
  choose(isForNewest?: boolean): PendingNotification | undefined;
  /** The attempt of the last chosen head starts; returns how it was chosen. */
  begin(): Chosen;
  /** The head hangs, got no response or was refused; called once for an attempt. */
  onFailed(head: PendingNotification, chosen: Chosen): void;
  onResponded(head: PendingNotification, chosen: Chosen, isLate: boolean): void;
  /** The attempt is over. */
  end(chosen: Chosen): void;
  /** The circuit has closed after a response to this head. */
  onResumed(chosen: Chosen): void;
  /** Whether a fresh head has failed lately, so that it helps to have many to choose from. */
  readonly isTroubled: boolean;
  /** Whether heads of its type have failed lately. */
  isRisky(head: PendingNotification): boolean;
}

export interface Chosen {
  readonly standing: 'fresh' | 'failing' | 'refused';
  /** Whether it counts towards the risky share. */
  readonly isRisky: boolean;
  readonly direction: Direction;
}

export interface HeadChoiceOptions {
  readonly ready: ReadyHeads;
  readonly breaker: Pick<CircuitBreaker, 'state' | 'prefersFresh' | 'isStartingSlowly'>;
  readonly concurrency: number;
  /** Returns a number in [0, 1). */
  readonly random: () => number;
}

// After so many responses to fresh heads, with nothing risky under way, the trouble is over.
const calmCount = 256;
// After so many failed probes, the newest refused head is sometimes tried instead of the oldest.
const manyProbesCount = 64;

/** Of those, more would only be forgotten ones. */
const maxWanted = 32;

const plainChoice: Chosen = { standing: 'fresh', isRisky: false, direction: 'oldest' };

export function createHeadChoice({ ready, breaker, concurrency, random }: HeadChoiceOptions): HeadChoice {
  const { fresh, failing, refused } = ready;
  const order = createFreshOrder(random);
  const smallShare = Math.max(1, concurrency >> 2);
  let share = concurrency;
  let riskyCount = 0;
  let isTroubled = false;
  let respondedCount = 0;
  let probeCount = 0;
  let isTurnOfFailing = false;
  let isTurnOfOldest = false;
  let chosen = plainChoice;
  /** Ids. */
  const wanted = new Set<string>();

  const isWanted = ({ id }: PendingNotification): boolean => wanted.has(id);

  const hasWanted = (): boolean =>
    wanted.size > 0 && (fresh.some(isWanted) || refused.some(isWanted) || failing.some(({ head }) => isWanted(head)));

  const takeWanted = (): PendingNotification | undefined => {
    const [standing, head] = fresh.some(isWanted)
      ? (['fresh', takeOne(fresh, isWanted)] as const)
      : refused.some(isWanted)
        ? (['refused', takeOne(refused, isWanted)] as const)
        : (['failing', takeOne(failing, (entry) => isWanted(entry.head))?.head] as const);
    if (head === undefined) return undefined;
    wanted.delete(head.id);
    chosen = { standing, isRisky: standing === 'failing', direction: order.direction };
    return head;
  };

  const takeFresh = (): PendingNotification | undefined => {
    chosen = plainChoice;
    if (!isTroubled) return fresh.pop();
    const head = order.take(fresh);
    chosen = { standing: 'fresh', isRisky: false, direction: order.lastDirection };
    return head;
  };

  const takeFailing = (): PendingNotification | undefined => {
    chosen = { standing: 'failing', isRisky: true, direction: order.direction };
    return failing.pop()?.head;
  };

  const takeRefused = (): PendingNotification | undefined => {
    chosen = { standing: 'refused', isRisky: false, direction: order.direction };
    if (probeCount > manyProbesCount && probeCount % 2 === 0)
      return refused.takeFirst((a, b) => a.position > b.position);
    return refused.pop();
  };

  /** Takes the oldest fresh head, even if it is risky. */
  const takeOldest = (): PendingNotification | undefined => {
    chosen = { standing: 'fresh', isRisky: true, direction: order.direction };
    return fresh.pop();
  };

  const chooseProbe = (): PendingNotification | undefined => {
    probeCount += 1;
    const isTurnOfOthers = !isTurnOfFailing || breaker.prefersFresh;
    isTurnOfFailing = isTurnOfOthers;
    if (isTurnOfOthers && fresh.size > 0) return takeFresh();
    if (isTurnOfOthers ? failing.size > 0 : refused.size === 0 && failing.size > 0) return takeFailing();
    return refused.size > 0 ? takeRefused() : takeFresh();
  };

  const hasShare = (): boolean => riskyCount < share;

  const chooseRisky = (): PendingNotification | undefined => {
    const oldest = fresh.peek();
    const isOldestRisky = isTroubled && oldest !== undefined && (order.direction !== 'oldest' || order.isRisky(oldest));
    isTurnOfOldest = isOldestRisky && (failing.size === 0 || !isTurnOfOldest);
    if (isTurnOfOldest) return takeOldest();
    return failing.size > 0 ? takeFailing() : takeFresh();
  };

  const chooseWhenClosed = (): PendingNotification | undefined => {
    if (fresh.size === 0) return hasShare() ? takeFailing() : undefined;
    // When only one or a few attempts may be under way, none goes to a head that may hang.
    const isTurnOfRisky = hasShare() && !chosen.isRisky && !(isTroubled && breaker.isStartingSlowly);
    const isAnyRisky = failing.size > 0 || isTroubled;
    return isTurnOfRisky && isAnyRisky ? chooseRisky() : takeFresh();
  };

  const endTrouble = (): void => {
    isTroubled = false;
    order.reset();
  };

  return {
    get isTroubled() {
      return isTroubled;
    },
    isRisky: (head) => order.isRisky(head),
    want(id) {
      wanted.add(id);
      const [oldest] = wanted;
      if (wanted.size > maxWanted && oldest !== undefined) wanted.delete(oldest);
    },
    mayChoose() {
      if (hasWanted()) return true;
      if (fresh.size > 0 || refused.size > 0) return true;
      return failing.size > 0 && (breaker.state !== 'closed' || hasShare());
    },
    hasNewest: () => isTroubled && order.hasNewest(fresh),
    choose(isForNewest = false) {
      if (isForNewest) return takeFresh();
      if (hasWanted()) return takeWanted();
      if (breaker.state !== 'closed') return chooseProbe();
      // These were refused just before the circuit closed.
      if (refused.size > 0) ready.moveRefusedToFailing();
      return chooseWhenClosed();
    },
    begin() {
      if (chosen.isRisky) riskyCount += 1;
      return chosen;
    },
    onFailed(head, { standing, direction }) {
      share = smallShare;
      respondedCount = 0;
      if (standing !== 'fresh') return;
      isTroubled = true;
      order.onFailed(head, direction);
    },
    onResponded(head, { standing, isRisky, direction }, isLate) {
      if (isRisky && !isLate) share = Math.min(concurrency, share + 1);
      if (!isTroubled || standing !== 'fresh' || isLate) return;
      order.onResponded(head, direction);
      respondedCount += 1;
      if (respondedCount >= calmCount && riskyCount === 0) endTrouble();
    },
    end({ isRisky }) {
      if (isRisky) riskyCount -= 1;
    },
    onResumed({ standing }) {
      probeCount = 0;
      isTurnOfFailing = false;
      if (standing !== 'refused') {
        ready.moveRefusedToFailing();
        return;
      }
      ready.moveRefusedToFresh();
      endTrouble();
    },
  };
}

/** Takes one element that matches. */
function takeOne<Element>(heap: MinHeap<Element>, matches: (element: Element) => boolean): Element | undefined {
  const [first, ...others] = heap.takeAll(matches);
  for (const other of others) heap.push(other);
  return first;
}
