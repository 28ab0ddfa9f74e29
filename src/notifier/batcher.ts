import { afterAwake } from '../core/time-limit.js';
import type { Clock } from '../core/clock.js';
import type { AcceptedNotification, Room } from '../outbox/outbox.js';
import type { Acceptance, PostOffice } from '../post-office/post-office.js';

/** Who hands a notification over, and hears what becomes of it. */
export interface Sender {
  /** Called once: the outbox has it, or never will. */
  readonly onAnswer: (acceptance: Acceptance) => void;
  /** Called at most once, before the answer: the outbox is silent, and nobody knows for how long. */
  readonly onSilence: () => void;
}

interface Waiting {
  readonly notification: AcceptedNotification;
  readonly sender: Sender;
}

export interface Batcher {
  /**
   * Hands one over, and again while the outbox fails. When there is no room for it in memory, returns the bound that is
   * reached and does nothing.
   */
  handOver(notification: AcceptedNotification, sender: Sender): keyof Room | undefined;
  /** Whether the outbox has given no answer for `silenceMs`, and none since. */
  readonly isSilent: boolean;
  /** No more asking again: what the outbox does not take now is refused. */
  close(): void;
}

export interface BatcherOptions {
  readonly postOffice: Pick<PostOffice, 'accept' | 'isStarting'>;
  readonly clock: Clock;
  /** How much may wait in memory for an outbox that does not answer. */
  readonly maxWaiting: Room;
  /** How long the outbox may owe an answer until it is called silent, in milliseconds. */
  readonly silenceMs: number;
  /** The outbox answers again. */
  readonly onSilenceOver: () => void;
}

const retryMs = 500;
/** A transaction of a few milliseconds: a burst must not keep others from their answers. */
const maxBatch = 1_000;

// So many in a millisecond are a crowd, if as many come together; then a moment's wait costs each little, and one commit serves
// many more. A few clients that each send the next request at once are as fast, but would only wait. Measured over a while.
const crowdPerMs = 2;
const crowdInBatch = 8;
const measureForMs = 20;
const gatherMs = 2;

/**
 * Hands notifications to the post office in batches. The first of a turn of the event loop waits for the end of that turn;
 * while a batch is on its way, what comes is gathered for the next. So all requests answered in a turn share one commit,
 * a slow disk makes larger batches instead of more of them, and the order is kept when one has to be handed over again. In a
 * crowd a batch waits a little for more to come.
 *
 * Silence is the outbox's: it is counted from the moment a batch is handed over, in time that this process was awake and the
 * post office was not just starting, and anew from each answer. One that fails is as good as none.
 */
export function createBatcher(options: BatcherOptions): Batcher {
  const { postOffice, clock, maxWaiting, silenceMs } = options;
  let waiting: Waiting[] = [];
  let waitingBytes = 0;
  /** What is on its way. */
  let batch: readonly Waiting[] = [];
  /** A batch is on its way, or the outbox has failed and is given a moment. */
  let isBusy = false;
  let isSilent = false;
  let cancelSilence: (() => void) | undefined;
  let cancelRetry: (() => void) | undefined;
  let isClosed = false;
  let measuredFromMs = 0;
  let measuredCount = 0;
  let measuredBatches = 0;
  let isCrowded = false;

  const take = (): Waiting[] => {
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

  const measure = (count: number): void => {
    measuredCount += count;
    measuredBatches += 1;
    const spanMs = clock.monotonicMs() - measuredFromMs;
    if (spanMs < measureForMs) return;
    isCrowded = measuredCount >= Math.max(crowdPerMs * spanMs, crowdInBatch * measuredBatches);
    measuredFromMs += spanMs;
    measuredCount = 0;
    measuredBatches = 0;
  };

  const onSilence = (): void => {
    cancelSilence = undefined;
    isSilent = true;
    for (const { sender } of [...batch, ...waiting]) sender.onSilence();
  };

  const isCounting = (): boolean => !postOffice.isStarting();

  /** Somebody awaits what comes of it, so the wait keeps the process alive. */
  const listen = (): void => {
    if (!isSilent) cancelSilence ??= afterAwake(clock, silenceMs, onSilence, { keepAlive: true, isCounting });
  };

  const hear = (): void => {
    cancelSilence?.();
    cancelSilence = undefined;
    if (!isSilent) return;
    isSilent = false;
    options.onSilenceOver();
  };

  const handOverBatch = async (): Promise<void> => {
    batch = take();
    measure(batch.length);
    listen();
    const acceptances = await postOffice.accept(batch.map((entry) => entry.notification));
    const handedOver = batch;
    batch = [];
    const failed: Waiting[] = [];
    handedOver.forEach((entry, index) => {
      const acceptance = acceptances[index] ?? unanswered;
      if (!acceptance.accepted && acceptance.reason === 'failed' && !isClosed) {
        failed.push(entry);
        return;
      }
      hear();
      entry.sender.onAnswer(acceptance);
    });
    if (failed.length > 0) {
      putBack(failed);
      listen();
      cancelRetry = clock.after(retryMs, goOn);
    } else goOn();
  };

  const goOn = (): void => {
    isBusy = false;
    cancelRetry = undefined;
    start();
  };

  const start = (): void => {
    if (isBusy || waiting.length === 0) return;
    isBusy = true;
    if (isCrowded && !isClosed) clock.after(gatherMs, () => void handOverBatch(), { keepAlive: true });
    else setImmediate(() => void handOverBatch());
  };

  return {
    handOver(notification, sender) {
      const size = Buffer.byteLength(notification.body);
      if (waiting.length >= maxWaiting.count) return 'count';
      if (waitingBytes + size > maxWaiting.bytes) return 'bytes';
      waiting.push({ notification, sender });
      waitingBytes += size;
      start();
      return undefined;
    },
    get isSilent() {
      return isSilent;
    },
    close() {
      isClosed = true;
      if (cancelRetry === undefined) return;
      cancelRetry();
      goOn();
    },
  };
}

function bytesOf(entries: readonly Waiting[]): number {
  return entries.reduce((sum, { notification }) => sum + Buffer.byteLength(notification.body), 0);
}

const unanswered: Acceptance = { accepted: false, reason: 'failed', detail: 'the post office did not answer' };
