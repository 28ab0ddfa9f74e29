import { setImmediate } from 'node:timers';
import { isPromiseLike } from '../core/call-safely.js';
import type { Clock } from '../core/clock.js';
import { doneOrTimedOut } from '../core/time-limit.js';
import type { DeliveryOutbox } from '../outbox/delivery-outbox.js';
import type { Settlement } from '../outbox/outbox.js';

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
  /**
   * Passes them on for the last time, and waits for an outbox on a server, but not for long; if it fails now, their
   * notifications are found again at the next start.
   */
  close(): Promise<void>;
}

export interface SettlementsOptions {
  readonly outbox: Pick<DeliveryOutbox, 'settle'>;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
  /** Called after each batch that the outbox has stored. */
  readonly onBatch: () => void;
  /** How long a batch is gathered, in milliseconds; 0: until the event loop's turn ends. */
  readonly gatherMs: number;
  /** So many are passed on at once. */
  readonly enough: number;
}

interface Entry {
  readonly settlement: Settlement;
  readonly onSettled: () => void;
}

const retryMs = 1000;
const closeWithinMs = 1_000;

export function createSettlements(options: SettlementsOptions): Settlements {
  const { outbox, clock, onError, onBatch, gatherMs, enough } = options;
  let batch: Entry[] = [];
  /** Those that an outbox on a server is storing now; one batch at a time. */
  let passing: readonly Entry[] = [];
  let passed: Promise<void> | undefined;
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
    if (batch.length === 0 || isClosed || passed !== undefined) return;
    const entries = batch;
    batch = [];
    try {
      const result = outbox.settle(entries.map((entry) => entry.settlement));
      if (isPromiseLike(result)) passed = pass(entries, result);
      else onStored(entries);
    } catch (error) {
      onFailed(entries, error);
    }
  };

  /** Waits until an outbox on a server has stored them. */
  const pass = async (entries: readonly Entry[], result: Promise<void>): Promise<void> => {
    passing = entries;
    let failure: { readonly error: unknown } | undefined;
    try {
      await result;
    } catch (error) {
      failure = { error };
    }
    passing = [];
    passed = undefined;
    if (failure !== undefined) onFailed(entries, failure.error);
    else onStored(entries);
    if (batch.length > 0 && !isScheduled) flush();
  };

  const onStored = (entries: readonly Entry[]): void => {
    isFailing = false;
    for (const entry of entries) entry.onSettled();
    onBatch();
  };

  const onFailed = (entries: readonly Entry[], error: unknown): void => {
    batch = [...entries, ...batch];
    // Reported once for each spell of failures, not once a second.
    if (!isFailing) onError(error);
    isFailing = true;
    isScheduled = true;
    clock.after(retryMs, flush);
  };

  return {
    get isFailing() {
      return isFailing;
    },
    get size() {
      return batch.length + passing.length;
    },
    add(settlement, onSettled) {
      batch.push({ settlement, onSettled });
      if (batch.length >= enough) hurry();
      if (isScheduled || passed !== undefined) return;
      isScheduled = true;
      if (gatherMs > 0) cancelGathering = clock.after(gatherMs, flush, { keepAlive: true });
      else setImmediate(flush);
    },
    hurry,
    async close() {
      if (passed !== undefined) await doneOrTimedOut(passed, closeWithinMs, clock);
      flush();
      isClosed = true;
      if (passed !== undefined) await doneOrTimedOut(passed, closeWithinMs, clock);
    },
  };
}
