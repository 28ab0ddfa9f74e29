/** Draws that come out the same for the same seed, so that a failure can be had again. */
export interface SeededRandom {
  readonly seed: number;
  /** From [0, 1). */
  next(): number;
  /** A whole number from 0 to `bound` - 1. */
  below(bound: number): number;
  pick<Element>(elements: readonly Element[]): Element;
}

/** Draws a new seed, unless `CRM_TEST_SEED` gives one. Put it into the test's name, which a failure shows. */
export function createSeededRandom(seed = Number(process.env['CRM_TEST_SEED'] ?? Date.now() % 2 ** 31)): SeededRandom {
  let state = seed | 0;
  // Tommy Ettinger's mulberry32: 32 bits of state are plenty for choosing what to do next.
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (bound: number): number => Math.floor(next() * bound);
  return { seed, next, below, pick: (elements) => elements[below(elements.length)]! };
}
