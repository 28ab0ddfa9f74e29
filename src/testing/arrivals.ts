import { systemClock } from '../core/clock.js';
import { errorFrom } from './checks.js';

/** What to wait for, and how long. */
export interface Awaited<Item> {
  readonly matches: (item: Item) => boolean;
  readonly count: number;
  readonly timeoutMs: number;
  /** Makes the error for a wait that failed; `ending` says what ended it. */
  readonly errorOf: (found: readonly Item[], ending: string) => Error;
}

/** A list that grows, and that can be waited on. */
export interface Arrivals<Item> {
  readonly all: readonly Item[];
  add(item: Item): void;
  /** Resolves with all items that match, past and future, once there are enough of them. */
  waitFor(awaited: Awaited<Item>): Promise<readonly Item[]>;
  /** No more items will come: rejects every pending wait. */
  end(): void;
}

interface Waiter<Item> {
  readonly onArrival: (item: Item) => void;
  readonly onEnd: () => void;
}

const endedWords = 'before the fake CRM was closed';

export function createArrivals<Item>(): Arrivals<Item> {
  const all: Item[] = [];
  const waiters = new Set<Waiter<Item>>();
  let isEnded = false;
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
        if (isEnded) {
          reject(errorOf(found, endedWords));
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
              // The predicate is the test's own: its error fails this wait, not the request that just arrived.
              stop(() => reject(errorFrom(error)));
              return;
            }
            if (found.length >= count) stop(() => resolve(found));
          },
          onEnd: () => stop(() => reject(errorOf(found, endedWords))),
        };
        // Real time, even if the notifier has an owned clock. It keeps the process alive: a test is awaiting this.
        const onTimeout = (): void => stop(() => reject(errorOf(found, `within ${String(timeoutMs)} ms`)));
        const cancel = systemClock.after(timeoutMs, onTimeout, { keepAlive: true });
        waiters.add(waiter);
      }),
    end() {
      isEnded = true;
      for (const waiter of [...waiters]) waiter.onEnd();
    },
  };
}
