import type { AcceptedNotification } from '../outbox/outbox.js';
import { closed, type Acceptance } from './post-office.js';
import type { PostOfficeCall, ToThread } from './thread-messages.js';

/** A batch that a thread has yet to confirm. */
interface Batch {
  readonly notifications: readonly AcceptedNotification[];
  readonly resolve: (acceptances: readonly Acceptance[]) => void;
}

/** A call that a thread has yet to answer. */
interface Call {
  readonly name: PostOfficeCall;
  readonly argument: unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** What a thread was told and has yet to answer. It is kept until then, so that the next thread can be told the same. */
export interface OwedAnswers {
  /** Whether there is anything. */
  isAny(): boolean;
  /** How many notifications the batches have. */
  countUnconfirmed(): number;
  askToAccept(notifications: readonly AcceptedNotification[]): Promise<readonly Acceptance[]>;
  call(name: PostOfficeCall, argument: unknown): Promise<unknown>;
  /** Tells it all again, in the same order: first the batches. */
  tellAgain(): void;
  takeBatch(number: number): Batch | undefined;
  takeCall(number: number): Call | undefined;
  /** Refuses the batches after this one, which no thread will begin, and gives the calls to `end`. */
  endAll(lastBegunBatch: number, end: (call: Call) => void): void;
}

export function createOwedAnswers(tell: (message: ToThread) => void): OwedAnswers {
  const batches = new Map<number, Batch>();
  const calls = new Map<number, Call>();
  let count = 0;

  const tellBatch = (batch: number, { notifications }: Batch): void => {
    tell({ kind: 'accept', batch, notifications });
  };
  const tellCall = (call: number, { name, argument }: Call): void => {
    tell({ kind: 'call', call, name, argument });
  };

  return {
    isAny: () => batches.size + calls.size > 0,
    countUnconfirmed: () => [...batches.values()].reduce((sum, { notifications }) => sum + notifications.length, 0),
    askToAccept: (notifications) =>
      new Promise((resolve) => {
        count += 1;
        const batch = { notifications, resolve };
        batches.set(count, batch);
        tellBatch(count, batch);
      }),
    call: (name, argument) =>
      new Promise((resolve, reject) => {
        count += 1;
        const call = { name, argument, resolve, reject };
        calls.set(count, call);
        tellCall(count, call);
      }),
    tellAgain() {
      for (const [number, batch] of batches) tellBatch(number, batch);
      for (const [number, call] of calls) tellCall(number, call);
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
        // Of one that was begun only the thread knows what becomes of it.
        if (number <= lastBegunBatch) continue;
        batches.delete(number);
        resolve(notifications.map(() => closed));
      }
      for (const call of calls.values()) end(call);
      calls.clear();
    },
  };
}
