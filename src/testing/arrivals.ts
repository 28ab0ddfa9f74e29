import { systemClock } from '../core/clock.js';
import { errorFrom } from './checks.js';

/** What to wait for, and for how long. */
export interface Awaited<Item> {
  readonly matches: (item: Item) => boolean;
  readonly count: number;
  readonly timeoutMs: number;
  /** Creates the error of a wait that failed; `ending` is how it ended, such as `within 5000 ms`. */
  readonly errorOf: (found: readonly Item[], ending: string) => Error;
}

/** A list that grows; callers can wait for items. */
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

const closedEnding = 'before the fake CRM was closed';

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
          reject(errorOf(found, closedEnding));
          return;
        }
        const settleWith = (settle: () => void): void => {
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
              settleWith(() => reject(errorFrom(error)));
              return;
            }
            if (found.length >= count) settleWith(() => resolve(found));
          },
          onEnd: () => settleWith(() => reject(errorOf(found, closedEnding))),
        };
        // Real time, even if the notifier has an owned clock. It keeps the process alive: a test is awaiting this.
        const onTimeout = (): void => settleWith(() => reject(errorOf(found, `within ${String(timeoutMs)} ms`)));
        const cancel = systemClock.after(timeoutMs, onTimeout, { keepAlive: true });
        waiters.add(waiter);
      }),
    end() {
      isEnded = true;
      for (const waiter of [...waiters]) waiter.onEnd();
    },
  };
}
