/** Lets what disturbs the apps at random stand back while something happens that must be alone. */
export interface Quiet {
  /** Runs when nothing else disturbs, and keeps others from it meanwhile; one at a time, in order. */
  alone(work: () => Promise<void>): Promise<void>;
  /** Runs when nothing is alone; several may. */
  disturb(work: () => Promise<void>): Promise<void>;
}

export function createQuiet(): Quiet {
  const disturbances = new Set<Promise<void>>();
  let queue = Promise.resolve();

  return {
    alone(work) {
      const before = queue;
      const run = async (): Promise<void> => {
        await before;
        await Promise.allSettled(disturbances);
        await work();
      };
      const done = run();
      // One that fails fails the audit; those behind it need not fail with it.
      queue = done.catch(() => undefined);
      return done;
    },
    async disturb(work) {
      for (let last = undefined as Promise<void> | undefined; last !== queue;) {
        last = queue;
        await last;
      }
      const running = work();
      disturbances.add(running);
      try {
        await running;
      } finally {
        disturbances.delete(running);
      }
    },
  };
}
