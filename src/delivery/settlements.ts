import { setImmediate } from 'node:timers';
import type { Clock } from '../core/clock.js';
import type { Outbox, Settlement } from '../outbox/outbox.js';

/**
 * Gathers settlements and passes them to the outbox, those of a moment in one transaction. While the outbox fails (for example
 * on a full disk) they are kept and passed again. Meanwhile nothing looks up their notifications, so none is posted twice.
 */
export interface Settlements {
  /** Calls `onSettled` once the outbox has the settlement. */
  add(settlement: Settlement, onSettled: () => void): void;
  /** Stops gathering and passes them on at the end of the turn, because something waits for them. */
  hurry(): void;
  /** Whether the outbox failed the last time; then nothing more should be sent. */
  readonly isFailing: boolean;
  /** How many the outbox does not have yet. */
  readonly size: number;
  /** Passes them on for the last time; if the outbox fails now, their notifications are found again at the next start. */
  close(): void;
}

export interface SettlementsOptions {
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
  /** Called after each batch that the outbox has stored. */
  readonly onBatch: () => void;
  /** How long a batch is gathered, in milliseconds; 0: until the event loop's turn ends. */
  readonly gatherMs: number;
}

const retryMs = 1000;
// A batch of this size takes a few milliseconds; a larger one would make others wait.
const hurryAtCount = 256;

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
      // Reported once for each spell of failures, not once a second.
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
      if (batch.length >= hurryAtCount) hurry();
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
