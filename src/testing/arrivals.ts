import { systemClock } from '../core/clock.js';
import { errorFrom } from './error-from.js';

/** What is waited for, and how long. */
export interface Awaited<Item> {
  readonly matches: (item: Item) => boolean;
  readonly count: number;
  readonly timeoutMs: number;
  /** The error when it does not come; `ending` says what has ended the wait. */
  readonly errorOf: (found: readonly Item[], ending: string) => Error;
}

/** A list of what has come so far, which can be waited on. */
export interface Arrivals<Item> {
  readonly all: readonly Item[];
  add(item: Item): void;
  /** Resolves with all that match, past or future, once there are enough of them. */
  waitFor(awaited: Awaited<Item>): Promise<readonly Item[]>;
  /** Nothing comes any more: rejects whoever still waits. */
  end(): void;
}

interface Waiter<Item> {
  readonly onArrival: (item: Item) => void;
  readonly onEnd: () => void;
}

export function createArrivals<Item>(): Arrivals<Item> {
  const all: Item[] = [];
  const waiters = new Set<Waiter<Item>>();
  return {
    all,
    add(item) {
      all.push(item);
      for (const waiter of [...waiters]) waiter.onArrival(item);
    },
    waitFor: ({ matches, count, timeoutMs, errorOf }) =>
      new Promise((resolve, reject) => {
        const found = all.filter(matches);
        if (found.length >= count) {
          resolve(found);
          return;
        }
        const stop = (settle: () => void): void => {
          waiters.delete(waiter);
          cancel();
          settle();
        };
        const waiter: Waiter<Item> = {
          onArrival(item) {
            try {
              if (matches(item)) found.push(item);
            } catch (error) {
              // The predicate is the test's own; its error belongs to who waits by it, not to the request.
              stop(() => reject(errorFrom(error)));
              return;
            }
            if (found.length >= count) stop(() => resolve(found));
          },
          onEnd: () => stop(() => reject(errorOf(found, 'before the fake CRM was closed'))),
        };
        // Somebody waits for it, and real time passes whoever owns the notifier's.
        const onTimeout = (): void => stop(() => reject(errorOf(found, `within ${String(timeoutMs)} ms`)));
        const cancel = systemClock.after(timeoutMs, onTimeout, { keepAlive: true });
        waiters.add(waiter);
      }),
    end() {
      for (const waiter of [...waiters]) waiter.onEnd();
    },
  };
}
