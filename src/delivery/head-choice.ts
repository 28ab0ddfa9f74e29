import type { PendingNotification } from '../outbox/outbox.js';
import type { CircuitBreaker } from './circuit-breaker.js';
import { createFreshOrder, type ReadyHeads, type Way } from './ready-heads.js';

/**
 * Which of the ready heads is tried next, so that those which hurt the CRM cannot stop the others.
 *
 * While all goes well that is the oldest. Once one gets no answer there is a share for what is risky, a quarter of the
 * attempts: heads that failed before, and the oldest of those that the order of fresh heads puts last. All else goes to the
 * fresh heads that promise most. The share grows again with each answer, up to everything. Of a paused target the probes
 * are in turn one of those that failed or were refused, and another.
 */
export interface HeadChoice {
  /** Whether one of the ready heads may be tried. */
  mayChoose(): boolean;
  /** Whether there is a newly accepted one to try while older ones fail. */
  hasNewest(): boolean;
  /** Takes the one to be tried; with `begin` it is. `isForNewest` says that the place is not for what is risky. */
  choose(isForNewest?: boolean): PendingNotification | undefined;
  /** What was thought of the head that was chosen last. */
  begin(): Chosen;
  /** It hangs, got no answer, or was refused; said once. */
  onFailed(head: PendingNotification, chosen: Chosen): void;
  onAnswered(head: PendingNotification, chosen: Chosen, isLate: boolean): void;
  /** The attempt is over. */
  end(chosen: Chosen): void;
  /** The circuit has closed after an answer to this one. */
  onResumed(chosen: Chosen): void;
  /** Whether some fresh head has failed lately, so that there had better be many to choose from. */
  readonly isTroubled: boolean;
  /** Whether heads of its type have failed lately. */
  isRisky(head: PendingNotification): boolean;
}

export interface Chosen {
  readonly standing: 'fresh' | 'failing' | 'refused';
  /** Whether it has a place of the risky share. */
  readonly isRisky: boolean;
  readonly way: Way;
}

export interface HeadChoiceOptions {
  readonly ready: ReadyHeads;
  readonly breaker: Pick<CircuitBreaker, 'state' | 'prefersFresh' | 'isStartingSlowly'>;
  readonly concurrency: number;
  /** Draws from [0, 1). */
  readonly random: () => number;
}

// So many fresh ones answered, with nothing risky under way: it is over.
const calmCount = 256;
// So many probes in vain: then not always the oldest of those that were refused.
const manyProbes = 64;

const plain: Chosen = { standing: 'fresh', isRisky: false, way: 'oldest' };

export function createHeadChoice({ ready, breaker, concurrency, random }: HeadChoiceOptions): HeadChoice {
  const { fresh, failing, refused } = ready;
  const order = createFreshOrder(random);
  const smallShare = Math.max(1, concurrency >> 2);
  let share = concurrency;
  let riskyCount = 0;
  let isTroubled = false;
  let answeredCount = 0;
  let probeCount = 0;
  let isFailingsTurn = false;
  let isOldestsTurn = false;
  let chosen = plain;

  const takeFresh = (): PendingNotification | undefined => {
    chosen = plain;
    if (!isTroubled) return fresh.pop();
    const head = order.take(fresh);
    chosen = { standing: 'fresh', isRisky: false, way: order.takenBy };
    return head;
  };

  const takeFailing = (): PendingNotification | undefined => {
    chosen = { standing: 'failing', isRisky: true, way: order.way };
    return failing.pop()?.head;
  };

  const takeRefused = (): PendingNotification | undefined => {
    chosen = { standing: 'refused', isRisky: false, way: order.way };
    if (probeCount > manyProbes && probeCount % 2 === 0) return refused.takeFirst((a, b) => a.position > b.position);
    return refused.pop();
  };

  /** The oldest of the fresh ones, whatever is thought of it. */
  const takeOldest = (): PendingNotification | undefined => {
    chosen = { standing: 'fresh', isRisky: true, way: order.way };
    return fresh.pop();
  };

  const chooseProbe = (): PendingNotification | undefined => {
    probeCount += 1;
    const isOthersTurn = !isFailingsTurn || breaker.prefersFresh;
    isFailingsTurn = isOthersTurn;
    if (isOthersTurn && fresh.size > 0) return takeFresh();
    if (isOthersTurn ? failing.size > 0 : refused.size === 0 && failing.size > 0) return takeFailing();
    return refused.size > 0 ? takeRefused() : takeFresh();
  };

  const hasShare = (): boolean => riskyCount < share;

  const chooseRisky = (): PendingNotification | undefined => {
    const oldest = fresh.peek();
    const isOldestRisky = isTroubled && oldest !== undefined && (order.way !== 'oldest' || order.isRisky(oldest));
    isOldestsTurn = isOldestRisky && (failing.size === 0 || !isOldestsTurn);
    if (isOldestsTurn) return takeOldest();
    return failing.size > 0 ? takeFailing() : takeFresh();
  };

  const chooseAnyOf = (): PendingNotification | undefined => {
    if (fresh.size === 0) return hasShare() ? takeFailing() : undefined;
    // A single place, or one of a few at the start, is not left to what may hold it for long.
    const isRiskysTurn = hasShare() && !chosen.isRisky && !(isTroubled && breaker.isStartingSlowly);
    const isAnyRisky = failing.size > 0 || isTroubled;
    return isRiskysTurn && isAnyRisky ? chooseRisky() : takeFresh();
  };

  const calm = (): void => {
    isTroubled = false;
    order.reset();
  };

  return {
    get isTroubled() {
      return isTroubled;
    },
    isRisky: (head) => order.isRisky(head),
    mayChoose() {
      if (fresh.size > 0 || refused.size > 0) return true;
      return failing.size > 0 && (breaker.state !== 'closed' || hasShare());
    },
    hasNewest: () => isTroubled && order.hasNewest(fresh),
    choose(isForNewest = false) {
      if (isForNewest) return takeFresh();
      if (breaker.state !== 'closed') return chooseProbe();
      // Refused just before the circuit closed.
      if (refused.size > 0) ready.blameRefused();
      return chooseAnyOf();
    },
    begin() {
      if (chosen.isRisky) riskyCount += 1;
      return chosen;
    },
    onFailed(head, { standing, way }) {
      share = smallShare;
      answeredCount = 0;
      if (standing !== 'fresh') return;
      isTroubled = true;
      order.onFailed(head, way);
    },
    onAnswered(head, { standing, isRisky, way }, isLate) {
      if (isRisky && !isLate) share = Math.min(concurrency, share + 1);
      if (!isTroubled || standing !== 'fresh' || isLate) return;
      order.onAnswered(head, way);
      answeredCount += 1;
      if (answeredCount >= calmCount && riskyCount === 0) calm();
    },
    end({ isRisky }) {
      if (isRisky) riskyCount -= 1;
    },
    onResumed({ standing }) {
      probeCount = 0;
      isFailingsTurn = false;
      if (standing !== 'refused') {
        ready.blameRefused();
        return;
      }
      ready.absolveRefused();
      calm();
    },
  };
}
