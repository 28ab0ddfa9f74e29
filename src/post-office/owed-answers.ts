import type { AcceptedNotification } from '../outbox/outbox.js';
import { closed, type Acceptance } from './post-office.js';
import type { PostOfficeCall, ToThread } from './thread-messages.js';

/** A batch that a thread has yet to confirm. */
interface Batch {
  readonly notifications: readonly AcceptedNotification[];
  readonly resolve: (acceptances: readonly Acceptance[]) => void;
}

/** A call whose result a thread has yet to send. */
interface Call {
  readonly name: PostOfficeCall;
  readonly argument: unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Batches and calls that a thread has yet to complete. They are kept until then, so that they can be sent to the next thread. */
export interface OwedAnswers {
  /** Whether there are any. */
  isAny(): boolean;
  /** How many notifications the unconfirmed batches have. */
  countUnconfirmed(): number;
  accept(notifications: readonly AcceptedNotification[]): Promise<readonly Acceptance[]>;
  call(name: PostOfficeCall, argument: unknown): Promise<unknown>;
  /** Sends everything again, the batches first, each in its old order. */
  sendAgain(): void;
  takeBatch(number: number): Batch | undefined;
  takeCall(number: number): Call | undefined;
  /** Refuses the batches after this one, which no thread will begin, and passes each call to `end`. */
  endAll(lastBegunBatch: number, end: (call: Call) => void): void;
}

export function createOwedAnswers(send: (message: ToThread) => void): OwedAnswers {
  const batches = new Map<number, Batch>();
  const calls = new Map<number, Call>();
  let count = 0;

  const sendBatch = (batch: number, { notifications }: Batch): void => {
    send({ kind: 'accept', batch, notifications });
  };
  const sendCall = (call: number, { name, argument }: Call): void => {
    send({ kind: 'call', call, name, argument });
  };

  return {
    isAny: () => batches.size + calls.size > 0,
    countUnconfirmed: () => [...batches.values()].reduce((sum, { notifications }) => sum + notifications.length, 0),
    accept: (notifications) =>
      new Promise((resolve) => {
        count += 1;
        const batch = { notifications, resolve };
        batches.set(count, batch);
        sendBatch(count, batch);
      }),
    call: (name, argument) =>
      new Promise((resolve, reject) => {
        count += 1;
        const call = { name, argument, resolve, reject };
        calls.set(count, call);
        sendCall(count, call);
      }),
    sendAgain() {
      for (const [number, batch] of batches) sendBatch(number, batch);
      for (const [number, call] of calls) sendCall(number, call);
    },
    takeBatch(number) {
      const batch = batches.get(number);
      batches.delete(number);
      return batch;
    },
    takeCall(number) {
      const call = calls.get(number);
      calls.delete(number);
      return call;
    },
    endAll(lastBegunBatch, end) {
      for (const [number, { resolve, notifications }] of batches) {
        // Only the thread knows the result of a batch that it has begun.
        if (number <= lastBegunBatch) continue;
        batches.delete(number);
        resolve(notifications.map(() => closed));
      }
      for (const call of calls.values()) end(call);
      calls.clear();
    },
  };
}
