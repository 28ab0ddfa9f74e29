import { setImmediate } from 'node:timers';

/** Resolves in the event loop's next turn: between the pieces of long work, so that nothing else waits for all of it. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
