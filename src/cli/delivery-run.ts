import type { Notifier, Stats } from '../notifier/notifier.js';
import { longestMs } from './option-values.js';

export interface DeliveryRunOptions {
  readonly notifier: Notifier;
  /** By this process, so far. */
  readonly counts: DeliveryCounts;
  readonly stop: AbortSignal;
  /** Whether to go on when nothing is due any more. */
  readonly isWatching: boolean;
  /** How long nothing may be settled, in milliseconds, before it ends; while watching it does not end by that. */
  readonly patienceMs: number;
  /** Now and then, with what is settled and what is left. */
  readonly onProgress: (progress: DeliveryProgress) => void;
}

export interface DeliveryCounts {
  readonly delivered: number;
  readonly died: number;
}

export type DeliveryProgress = DeliveryCounts & Pick<Stats, 'pending' | 'isDelivering' | 'isOutboxReadable'>;

/** `idle`: nothing is due any more. `stuck`: nothing was settled for too long. */
export type DeliveryEnd = 'idle' | 'stuck' | 'stopped';

const lookEveryMs = 250;

/** Lets a notifier deliver until nothing is due, nothing moves, or the process is asked to stop. */
export async function runDelivery(options: DeliveryRunOptions): Promise<DeliveryEnd> {
  const { notifier, counts, stop, isWatching, patienceMs, onProgress } = options;
  let movedAtMs = performance.now();
  let before = '';
  let looking: NodeJS.Timeout | undefined;

  const look = async (onStuck: () => void): Promise<void> => {
    const { pending, isDelivering, isOutboxReadable } = await notifier.stats();
    const { delivered, died } = counts;
    onProgress({ delivered, died, pending, isDelivering, isOutboxReadable });
    // What another process delivers shows in what is pending.
    const now = `${String(delivered)} ${String(died)} ${String(pending)}`;
    if (now !== before) movedAtMs = performance.now();
    before = now;
    if (!isWatching && performance.now() - movedAtMs >= patienceMs) onStuck();
  };

  try {
    return await new Promise<DeliveryEnd>((resolve, reject) => {
      const onStop = (): void => {
        resolve('stopped');
      };
      stop.addEventListener('abort', onStop, { once: true });
      if (stop.aborted) onStop();
      const lookAgain = (): void => {
        look(() => {
          resolve('stuck');
        }).catch(reject);
      };
      lookAgain();
      looking = setInterval(lookAgain, lookEveryMs);
      if (isWatching) return;
      void notifier.flush({ timeoutMs: longestMs }).then(() => {
        resolve('idle');
      });
    });
  } finally {
    clearInterval(looking);
  }
}
