import { setImmediate } from 'node:timers';
import { afterAwake } from '../core/time-limit.js';
import { type Clock, systemClock } from '../core/clock.js';
import type { AcceptedNotification, Room } from '../outbox/outbox.js';
import type { Acceptance, PostOffice } from '../post-office/post-office.js';

/** What is called as a notification is stored. */
export interface HandOverCallbacks {
  /** Called once: the outbox has it, or never will. */
  readonly onAcceptance: (acceptance: Acceptance) => void;
  /** Called at most once, before `onAcceptance`: the outbox is silent, for an unknown time. */
  readonly onSilence: () => void;
}

interface Waiting {
  /** A notification, for each of its targets. */
  readonly entries: readonly AcceptedNotification[];
  readonly callbacks: HandOverCallbacks;
}

export interface Batcher {
  /**
   * Hands one notification over, with an entry for each of its targets, again and again while the outbox fails. If memory has no
   * room for it, does nothing and returns the bound that is reached.
   */
  handOver(entries: readonly AcceptedNotification[], callbacks: HandOverCallbacks): keyof Room | undefined;
  /** Whether the outbox was silent for `silenceMs`, and still is. */
  readonly isSilent: boolean;
  /** Stops retrying: from now on, what the outbox does not take at once is refused. */
  close(): void;
}

export interface BatcherOptions {
  readonly postOffice: Pick<PostOffice, 'accept' | 'isStarting'>;
  readonly clock: Clock;
  /** How much may wait in memory for the outbox. */
  readonly maxWaiting: Room;
  /** How long the outbox may take until it counts as silent, in milliseconds. */
  readonly silenceMs: number;
  /** Called when the outbox is no longer silent. */
  readonly onSilenceOver: () => void;
  /** Limits how long a batch is gathered. @default the computer's own, because the other one may be a test's and stand still */
  readonly gatherClock?: Clock | undefined;
}

const retryMs = 500;
/** The largest batch. Its transaction takes a few milliseconds, so that a burst does not delay the receipts of others. */
const maxBatch = 1_000;

/** For so long at most a batch is gathered. */
const gatherMs = 2;
/** After a batch of this size, the next one is gathered for the whole time: a crowd keeps the thread busy meanwhile. */
const crowdCount = 32;

/**
 * Hands notifications to the post office in batches. A batch is gathered for as long as each turn of the event loop adds to it;
 * a lone notification only waits for one turn more. So requests that come together share a commit. While a batch is under way,
 * the next one gathers: a slow disk makes batches larger rather than more frequent, and the order is kept when a batch has to be
 * handed over again.
 *
 * Silence is counted from the moment a batch is handed over, only while this process is awake and the post office is not
 * starting, and starts again with each result. A failure does not count as a result.
 */
export function createBatcher(options: BatcherOptions): Batcher {
  const { postOffice, clock, maxWaiting, silenceMs, gatherClock = systemClock } = options;
  let waiting: Waiting[] = [];
  let waitingBytes = 0;
  /** The batch under way; it waits again if it fails, so it takes up room as well. */
  let batch: readonly Waiting[] = [];
  let batchBytes = 0;
  /** A batch is under way, or the outbox has failed and the retry is due soon. */
  let isBusy = false;
  let isSilent = false;
  let cancelSilence: (() => void) | undefined;
  let cancelRetry: (() => void) | undefined;
  let isClosed = false;
  let isCrowd = false;

  const takeBatch = (): Waiting[] => {
    if (waiting.length > maxBatch) {
      const taken = waiting.splice(0, maxBatch);
      waitingBytes -= bytesOf(taken);
      return taken;
    }
    const taken = waiting;
    waiting = [];
    waitingBytes = 0;
    return taken;
  };

  const putBack = (entries: readonly Waiting[]): void => {
    waiting = [...entries, ...waiting];
    waitingBytes += bytesOf(entries);
  };

  const onSilence = (): void => {
    cancelSilence = undefined;
    isSilent = true;
    for (const { callbacks } of [...batch, ...waiting]) callbacks.onSilence();
  };

  const isCounting = (): boolean => !postOffice.isStarting();

  /** A caller awaits the result, so the timer keeps the process alive. */
  const startSilenceTimer = (): void => {
    if (!isSilent) cancelSilence ??= afterAwake(clock, silenceMs, onSilence, { keepAlive: true, isCounting });
  };

  const endSilence = (): void => {
    cancelSilence?.();
    cancelSilence = undefined;
    if (!isSilent) return;
    isSilent = false;
    options.onSilenceOver();
  };

  const handOverBatch = async (): Promise<void> => {
    const bytesBefore = waitingBytes;
    batch = takeBatch();
    batchBytes = bytesBefore - waitingBytes;
    isCrowd = batch.length >= crowdCount;
    startSilenceTimer();
    const acceptances = await postOffice.accept(batch.flatMap(({ entries }) => entries));
    const handedOver = batch;
    batch = [];
    batchBytes = 0;
    const failed: Waiting[] = [];
    let next = 0;
    for (const entry of handedOver) {
      // It is the same for all of its targets.
      const acceptance = acceptances[next] ?? noResult;
      next += entry.entries.length;
      if (!acceptance.accepted && acceptance.reason === 'failed' && !isClosed) {
        failed.push(entry);
        continue;
      }
      endSilence();
      entry.callbacks.onAcceptance(acceptance);
    }
    if (failed.length > 0) {
      putBack(failed);
      startSilenceTimer();
      cancelRetry = clock.after(retryMs, startNext);
    } else startNext();
  };

  const startNext = (): void => {
    isBusy = false;
    cancelRetry = undefined;
    startIfIdle();
  };

  const startIfIdle = (): void => {
    if (isBusy || waiting.length === 0) return;
    isBusy = true;
    if (isCrowd && !isClosed) {
      gatherClock.after(gatherMs, () => void handOverBatch(), { keepAlive: true });
      return;
    }
    const startedAtMs = gatherClock.monotonicMs();
    setImmediate(() => {
      gatherOn(startedAtMs);
    });
  };

  const gatherOn = (startedAtMs: number): void => {
    const count = waiting.length;
    setImmediate(() => {
      const hasGrown = waiting.length > count && waiting.length < maxBatch;
      if (hasGrown && gatherClock.monotonicMs() - startedAtMs < gatherMs) gatherOn(startedAtMs);
      else void handOverBatch();
    });
  };

  return {
    handOver(entries, callbacks) {
      const size = sizeOf(entries);
      if (waiting.length + batch.length >= maxWaiting.count) return 'count';
      if (waitingBytes + batchBytes + size > maxWaiting.bytes) return 'bytes';
      waiting.push({ entries, callbacks });
      waitingBytes += size;
      startIfIdle();
      return undefined;
    },
    get isSilent() {
      return isSilent;
    },
    close() {
      isClosed = true;
      if (cancelRetry === undefined) return;
      cancelRetry();
      startNext();
    },
  };
}

function bytesOf(waiting: readonly Waiting[]): number {
  return waiting.reduce((sum, { entries }) => sum + sizeOf(entries), 0);
}

function sizeOf(entries: readonly AcceptedNotification[]): number {
  return entries.reduce((sum, { body }) => sum + Buffer.byteLength(body), 0);
}

const noResult: Acceptance = { accepted: false, reason: 'failed', detail: 'the post office did not respond' };
