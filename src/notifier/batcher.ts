import type { Clock } from '../core/clock.js';
import type { AcceptedNotification } from '../outbox/outbox.js';
import { full, type Acceptance, type PostOffice } from '../post-office/post-office.js';

interface Waiting {
  readonly notification: AcceptedNotification;
  readonly onAnswer: (acceptance: Acceptance) => void;
}

export interface Batcher {
  /** Answers once the outbox has it or never will: a failing outbox is asked again until it does. */
  handOver(notification: AcceptedNotification, onAnswer: (acceptance: Acceptance) => void): void;
  /** No more asking again: what the outbox does not take now is refused. */
  close(): void;
}

export interface BatcherOptions {
  readonly postOffice: Pick<PostOffice, 'accept'>;
  readonly clock: Clock;
  /** How much may wait in memory for an outbox that does not answer. */
  readonly maxWaiting: { readonly count: number; readonly bytes: number };
}

const retryMs = 500;

// So many in a millisecond are a crowd; then a moment's wait costs each little, and one commit serves many more. Measured over
// a while: two or three that come together are none.
const crowdPerMs = 2;
const measureForMs = 20;
const gatherMs = 2;

/**
 * Hands notifications to the post office in batches. The first of a turn of the event loop waits for the end of that turn;
 * while a batch is on its way, what comes is gathered for the next. So all requests answered in a turn share one commit,
 * a slow disk makes larger batches instead of more of them, and the order is kept when one has to be handed over again. In a
 * crowd a batch waits a little for more to come.
 */
export function createBatcher({ postOffice, clock, maxWaiting }: BatcherOptions): Batcher {
  let waiting: Waiting[] = [];
  let waitingBytes = 0;
  /** A batch is on its way, or the outbox has failed and is given a moment. */
  let isBusy = false;
  let cancelRetry: (() => void) | undefined;
  let isClosed = false;
  let measuredFromMs = 0;
  let measuredCount = 0;
  let isCrowded = false;

  const take = (): Waiting[] => {
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
    const spanMs = clock.monotonicMs() - measuredFromMs;
    if (spanMs < measureForMs) return;
    isCrowded = measuredCount >= crowdPerMs * spanMs;
    measuredFromMs += spanMs;
    measuredCount = 0;
  };

  const handOverBatch = async (): Promise<void> => {
    const batch = take();
    measure(batch.length);
    const acceptances = await postOffice.accept(batch.map((entry) => entry.notification));
    const failed: Waiting[] = [];
    batch.forEach((entry, index) => {
      const acceptance = acceptances[index] ?? unanswered;
      if (!acceptance.accepted && acceptance.reason === 'failed' && !isClosed) failed.push(entry);
      else entry.onAnswer(acceptance);
    });
    if (failed.length > 0) {
      putBack(failed);
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
    handOver(notification, onAnswer) {
      const size = Buffer.byteLength(notification.body);
      if (waiting.length >= maxWaiting.count || waitingBytes + size > maxWaiting.bytes) {
        onAnswer(full);
        return;
      }
      waiting.push({ notification, onAnswer });
      waitingBytes += size;
      start();
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
