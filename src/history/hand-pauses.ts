import type { Clock } from '../core/clock.js';
import { doneOrTimedOut } from '../core/time-limit.js';
import type { DeliveryEvent } from '../delivery/delivery-event.js';
import type { Logger } from '../telemetry/logger.js';
import type { HandPause, History, PauseChange, UnknownPauses } from './history.js';
import { pausedByHand, resumedBy } from './paused-by-hand.js';
import { createUnknownPausesReport } from './unknown-pauses.js';
import { whileBusy } from './while-busy.js';

/**
 * What this process knows of the pauses by hand, of all targets. Any process may make one; the one that delivers obeys it, and looks
 * every second whether there is another. The others look when they are asked.
 */
export interface HandPauses {
  /** Who has paused delivery to a target by hand; null if nobody, as far as this process knows. */
  of(target: string): HandPause | null;
  /** Why that could never be read yet; null once it was. */
  readonly unknown: UnknownPauses | null;
  /** Whether nothing may start for a target: because it is paused by hand, or that is not known yet. */
  holds(target: string): boolean;
  /** Whether it may hold anything. */
  readonly mayHold: boolean;
  /** Resolves once what is known is at most a second old, or cannot be read. */
  refresh(): Promise<void>;
  /** This process begins to deliver: what it knows may be old, so nothing starts before it was read anew. */
  readAnew(): void;
  /** Pauses or resumes a target, or all, and obeys that at once. Resolves to how many of this process's targets that changed. */
  change(change: Omit<PauseChange, 'at'>): Promise<number>;
  /** Looks no more, and has ended its last look once this resolves. */
  stop(): Promise<void>;
}

export interface HandPausesOptions {
  readonly history: Pick<History, 'pauseChanges' | 'changePause'>;
  readonly clock: Clock;
  readonly logger: Pick<Required<Logger>, 'info' | 'warn' | 'error'>;
  /** The names of those that this process may deliver to. */
  readonly targets: readonly string[];
  /** Whether this process delivers now. */
  readonly isDelivering: () => boolean;
  /** Called with a pause, or with its end, in the process where it takes effect. */
  readonly onEvent: (event: Extract<DeliveryEvent, { readonly kind: 'pausedByHand' | 'resumedByHand' }>) => void;
  /** Called when other targets are held than before, whether that was ever an event or not: wake delivery. */
  readonly onChanged: () => void;
}

/** Another process may have changed something. */
const lookEveryMs = 1_000;
const firstLookMs = 1_000;

/** Resolves once it is known what is paused, or that it cannot be read now. */
export async function watchHandPauses(options: HandPausesOptions): Promise<HandPauses> {
  const { history, clock, logger, targets, isDelivering, onEvent, onChanged } = options;
  const report = createUnknownPausesReport({ clock, logger });
  /** Undefined until it was read once. */
  let changes: readonly PauseChange[] | undefined;
  /** The targets whose pause has taken effect here. */
  const obeyed = new Set<string>();
  let looking: Promise<void> = Promise.resolve();
  let lookedAtMs = -Infinity;
  let cancel: (() => void) | undefined;
  let isStopped = false;

  const of = (target: string): HandPause | null => pausedByHand(changes ?? [], target);
  const holds = (target: string): boolean => changes === undefined || of(target) !== null;
  const heldTargets = (): readonly string[] => targets.filter(holds);

  const isFresh = (): boolean => clock.monotonicMs() - lookedAtMs < lookEveryMs;

  /** One after the other: the result of an earlier one must not come last. */
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const done = looking.then(work);
    looking = done.then(ignore, ignore);
    return done;
  };

  const know = (read: readonly PauseChange[]): void => {
    const before = heldTargets().join();
    changes = read;
    report.onRead();
    if (isDelivering()) obey();
    if (heldTargets().join() !== before) onChanged();
  };

  const look = (): Promise<void> => {
    lookedAtMs = clock.monotonicMs();
    return inTurn(async () => {
      if (isStopped) return;
      try {
        know(await history.pauseChanges());
      } catch (error) {
        // Once something is known, delivery goes on as that says. What this process reports to the same history logs that.
        if (changes === undefined) report.onFailed(error, isDelivering());
        throw error;
      }
    });
  };

  const obey = (): void => {
    for (const target of targets) {
      const pause = of(target);
      if (obeyed.has(target) === (pause !== null)) continue;
      if (pause === null) {
        obeyed.delete(target);
        onEvent({ kind: 'resumedByHand', target, by: resumedBy(changes ?? [], target) });
      } else {
        obeyed.add(target);
        onEvent({ kind: 'pausedByHand', target, ...pause });
      }
    }
  };

  const lookAgain = async (): Promise<void> => {
    if (isDelivering()) await look().catch(ignore);
    if (!isStopped) cancel = clock.after(lookEveryMs, () => void lookAgain());
  };

  // A file that is busy just now is worth a second try; nothing else waits for a server that is silent.
  await doneOrTimedOut(look().catch(look).catch(ignore), firstLookMs, clock);
  cancel = clock.after(lookEveryMs, () => void lookAgain());
  return {
    of,
    get unknown() {
      return report.current;
    },
    holds,
    get mayHold() {
      return changes === undefined || changes.some(({ isPaused }) => isPaused);
    },
    async refresh() {
      if (isFresh()) await looking;
      else await look().catch(ignore);
    },
    readAnew() {
      if (isFresh()) return;
      changes = undefined;
      void look().catch(ignore);
    },
    change: (change) =>
      inTurn(async () => {
        const { before, after } = await whileBusy(
          () => history.changePause(change),
          () => isStopped,
        );
        know(after);
        const isPausedIn = (kept: readonly PauseChange[], target: string): boolean =>
          pausedByHand(kept, target) !== null;
        return targets.filter((target) => isPausedIn(before, target) !== isPausedIn(after, target)).length;
      }),
    async stop() {
      isStopped = true;
      cancel?.();
      await looking;
    },
  };
}

function ignore(): void {
  // What cannot be read is reported once, and read again later.
}
