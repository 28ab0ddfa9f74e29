import type { OwnedClock } from '../../src/testing/owned-clock.js';
import type { ObservedNotifier } from './observed-notifier.js';
import { accept, type Answer } from './scripted-crm.js';
import { laneOf } from './use-crm.js';

/** An answer that never comes, and how many wait for it. */
export interface Hanging {
  readonly answer: Answer;
  readonly count: number;
}

export function createHanging(): Hanging {
  let count = 0;
  return {
    answer(_received, res) {
      count += 1;
      res.once('close', () => (count -= 1));
    },
    get count() {
      return count;
    },
  };
}

/** Gives this answer to what is in a lane that begins with `poison`, and takes the rest. */
export const hurtBy =
  (answer: Answer): Answer =>
  (received, res) =>
    (laneOf(received).startsWith('poison') ? answer : accept)(received, res);

/**
 * Moves the clock on until the promise is settled, but only while all that is under way hangs: on a busy machine a real
 * answer would otherwise take long on the owned clock, and be taken for one that hangs.
 */
export async function advanceInStep<Value>(
  promise: Promise<Value>,
  maxMs: number,
  { clock, notifier, hanging }: { clock: OwnedClock; notifier: ObservedNotifier; hanging: Hanging },
): Promise<Value> {
  const state = { isSettled: false };
  const settled = (): void => {
    state.isSettled = true;
  };
  promise.then(settled, settled);
  const untilMs = clock.monotonicMs() + maxMs;
  while (!state.isSettled) {
    if (clock.monotonicMs() >= untilMs) throw new Error(`not settled after ${String(maxMs)} ms on the owned clock`);
    await clock.advance(2);
    while ((await notifier.stats()).inFlight !== hanging.count) await new Promise((resolve) => setImmediate(resolve));
  }
  return promise;
}
