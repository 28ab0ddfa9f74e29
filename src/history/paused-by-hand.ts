import type { HandPause, PauseChange } from './history.js';

/**
 * Whether delivery to a target is paused by hand, as the latest change of it or of all decides; null if it is not. Who paused it
 * first is named, though somebody else has paused all of them since.
 */
export function pausedByHand(changes: readonly PauseChange[], target: string): HandPause | null {
  const own = changesOf(changes, target);
  if (own.at(-1)?.isPaused !== true) return null;
  const [first] = own.filter(({ isPaused }) => isPaused);
  return first === undefined ? null : { by: first.by, since: first.at };
}

/** Who has resumed a target, if it was resumed by hand and that is known; else null. */
export function resumedBy(changes: readonly PauseChange[], target: string): string | null {
  const latest = changesOf(changes, target).at(-1);
  return latest?.isPaused === false ? latest.by : null;
}

/** Whether a change makes any difference. If not it is not kept, so that it stays known who paused first. */
export function isDifference(
  changes: readonly PauseChange[],
  { target, isPaused }: Pick<PauseChange, 'target' | 'isPaused'>,
): boolean {
  const isPausedNow = (name: string): boolean => pausedByHand(changes, name) !== null;
  if (target !== null) return isPausedNow(target) !== isPaused;
  const ofAll = changes.find((change) => change.target === null);
  if ((ofAll?.isPaused ?? false) !== isPaused) return true;
  return changes.some((change) => change.target !== null && isPausedNow(change.target) !== isPaused);
}

function changesOf(changes: readonly PauseChange[], target: string): readonly PauseChange[] {
  return changes.filter((change) => change.target === target || change.target === null);
}
