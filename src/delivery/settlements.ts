import type { Clock } from '../core/clock.js';
import type { Outbox, Settlement } from '../outbox/outbox.js';

/**
 * Gathers settlements and hands them to the outbox, all of a moment in one transaction. While the outbox refuses them (a
 * full disk) they are kept and handed over again; nothing looks for their notifications meanwhile, so that none is posted a
 * second time for that.
 */
export interface Settlements {
  /** `onSettled` is called once the outbox has it. */
  add(settlement: Settlement, onSettled: () => void): void;
  /** Somebody waits for them: no more gathering. */
  hurry(): void;
  /** Whether the outbox refused the last time; then nothing more should be sent. */
  readonly isFailing: boolean;
  /** Those that the outbox does not have yet. */
  readonly size: number;
  /** Hands over once more, and for the last time; what the outbox does not take now is found again at the next start. */
  close(): void;
}

export interface SettlementsOptions {
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
  /** After each batch that the outbox has taken. */
  readonly onBatch: () => void;
  /** How long a batch gathers, in milliseconds; 0 for the rest of a turn of the event loop. */
  readonly gatherMs: number;
}

const retryMs = 1000;
// A transaction of a few milliseconds; more would make others wait.
const enough = 256;

export function createSettlements(options: SettlementsOptions): Settlements {
  const { outbox, clock, onError, onBatch, gatherMs } = options;
  let batch: { readonly settlement: Settlement; readonly onSettled: () => void }[] = [];
  let isScheduled = false;
  let isFailing = false;
  let isClosed = false;
  let cancelGathering: (() => void) | undefined;

  const hurry = (): void => {
    if (cancelGathering === undefined) return;
    cancelGathering();
    cancelGathering = undefined;
    setImmediate(flush);
  };

  const flush = (): void => {
    isScheduled = false;
    cancelGathering = undefined;
    if (batch.length === 0 || isClosed) return;
    try {
      outbox.settle(batch.map((entry) => entry.settlement));
    } catch (error) {
      // Said once for each spell of trouble, not once a second.
      if (!isFailing) onError(error);
      isFailing = true;
      isScheduled = true;
      clock.after(retryMs, flush);
      return;
    }
    const settled = batch;
    batch = [];
    isFailing = false;
    for (const entry of settled) entry.onSettled();
    onBatch();
  };

  return {
    get isFailing() {
      return isFailing;
    },
    get size() {
      return batch.length;
    },
    add(settlement, onSettled) {
      batch.push({ settlement, onSettled });
      if (batch.length >= enough) hurry();
      if (isScheduled) return;
      isScheduled = true;
      if (gatherMs > 0) cancelGathering = clock.after(gatherMs, flush, { keepAlive: true });
      else setImmediate(flush);
    },
    hurry,
    close() {
      flush();
      isClosed = true;
    },
  };
}
