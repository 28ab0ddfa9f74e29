/** Those who wait until delivery has nothing to do. */
export interface IdleWaiters {
  readonly isEmpty: boolean;
  /** Resolves with the next `tell`. */
  wait(): Promise<void>;
  /** Delivery is idle, or is over. */
  tell(): void;
}

export function createIdleWaiters(): IdleWaiters {
  let waiters: (() => void)[] = [];
  return {
    get isEmpty() {
      return waiters.length === 0;
    },
    wait: () => new Promise((resolve) => waiters.push(resolve)),
    tell() {
      const told = waiters;
      waiters = [];
      for (const resolve of told) resolve();
    },
  };
}
