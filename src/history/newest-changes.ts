import type { PauseChange } from './history.js';

/**
 * The newest change of each target out of what several files or processes know, in the order in which they were made. Here the clock has
 * to decide, as they have no order in common; of two at the same instant the one of the earlier list counts.
 */
export function newestChanges(...known: readonly (readonly PauseChange[])[]): readonly PauseChange[] {
  const newest = new Map<string | null, PauseChange>();
  for (const change of known.flat()) {
    const { at = -Infinity } = newest.get(change.target) ?? {};
    if (change.at > at) newest.set(change.target, change);
  }
  return [...newest.values()].sort((one, other) => one.at - other.at);
}
