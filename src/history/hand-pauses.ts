import type { Clock } from '../core/clock.js';
import type { DeliveryEvent } from '../delivery/delivery-event.js';
import type { HandPause, History, PauseChange } from './history.js';
import { isDifference, pausedByHand, resumedBy } from './paused-by-hand.js';

/** What this process knows of the pauses by hand, of all targets. Any process may make one; the one that delivers obeys it. */
export interface HandPauses {
  /** Whether delivery to a target is paused by hand; null if it is not, as far as this process knows. */
  of(target: string): HandPause | null;
  /** Whether anything may be paused by hand. */
  readonly isAny: boolean;
  /** Pauses or resumes a target, or all, and obeys that at once. Resolves to how many of this process's targets that changed. */
  change(change: Omit<PauseChange, 'at'>): Promise<number>;
  /** Looks no more, and has ended its last look once this resolves. */
  stop(): Promise<void>;
}

export interface HandPausesOptions {
  readonly history: Pick<History, 'pauseChanges' | 'changePause'>;
  readonly clock: Clock;
  /** The names of those that this process may deliver to. */
  readonly targets: readonly string[];
  /** Whether this process delivers now. */
  readonly isDelivering: () => boolean;
  /** Called with a pause, or with its end, in the process where it takes effect. */
  readonly onEvent: (event: Extract<DeliveryEvent, { readonly kind: 'pausedByHand' | 'resumedByHand' }>) => void;
  /** Called when other targets are paused than before, whether that was ever an event or not: wake delivery. */
  readonly onChanged: () => void;
}

/** Another process may have changed something. */
const lookEveryMs = 1_000;

/** Resolves once it is known what is paused, or that it cannot be read. */
export async function watchHandPauses(options: HandPausesOptions): Promise<HandPauses> {
  const { history, clock, targets, isDelivering, onEvent, onChanged } = options;
  let changes: readonly PauseChange[] = [];
  /** The targets whose pause has taken effect here. */
  const obeyed = new Set<string>();
  let looking: Promise<void> = Promise.resolve();
  let cancel: (() => void) | undefined;
  let isStopped = false;

  const pausedTargets = (): readonly string[] => targets.filter((target) => pausedByHand(changes, target) !== null);

  /** One look after the other: the result of an earlier one must not come last. */
  const look = (): Promise<void> => {
    const looked = looking.then(async () => {
      if (isStopped) return;
      const before = pausedTargets().join();
      changes = await history.pauseChanges();
      if (isDelivering()) obey();
      if (pausedTargets().join() !== before) onChanged();
    });
    looking = looked.catch(() => undefined);
    return looked;
  };

  const obey = (): void => {
    for (const target of targets) {
      const pause = pausedByHand(changes, target);
      if (obeyed.has(target) === (pause !== null)) continue;
      if (pause === null) {
        obeyed.delete(target);
        onEvent({ kind: 'resumedByHand', target, by: resumedBy(changes, target) });
      } else {
        obeyed.add(target);
        onEvent({ kind: 'pausedByHand', target, ...pause });
      }
    }
  };

  const lookAgain = async (): Promise<void> => {
    // While it cannot be read, delivery goes on as last known. What this process reports to the same history logs that.
    await look().catch(() => undefined);
    if (!isStopped) cancel = clock.after(lookEveryMs, () => void lookAgain());
  };

  // Nothing is known yet, so a file that is busy just now is worth a second try.
  await look()
    .catch(look)
    .catch(() => undefined);
  cancel = clock.after(lookEveryMs, () => void lookAgain());
  return {
    of: (target) => pausedByHand(changes, target),
    get isAny() {
      return changes.some(({ isPaused }) => isPaused);
    },
    async change(change) {
      await look();
      const before = pausedTargets();
      if (isDifference(changes, change)) await history.changePause(change);
      await look();
      const after = pausedTargets();
      return targets.filter((target) => before.includes(target) !== after.includes(target)).length;
    },
    async stop() {
      isStopped = true;
      cancel?.();
      await looking;
    },
  };
}
