/** Counts what has been begun and not ended, for whoever wants to wait until nothing is left. */
export interface WorkCount {
  readonly begin: () => void;
  readonly end: () => void;
  readonly settled: () => Promise<void>;
}

export function createWorkCount(): WorkCount {
  let count = 0;
  let waiting: (() => void)[] = [];
  return {
    begin() {
      count += 1;
    },
    end() {
      count -= 1;
      if (count > 0) return;
      for (const resolve of waiting) resolve();
      waiting = [];
    },
    async settled() {
      // What ends may have begun something else.
      while (count > 0) await new Promise<void>((resolve) => waiting.push(resolve));
    },
  };
}
