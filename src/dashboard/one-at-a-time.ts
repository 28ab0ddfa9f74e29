import { refusal } from './response.js';

/** Runs work one piece after the other; returns undefined, without running it, if too many are waiting. */
export type OneAtATime = <Result>(work: () => Promise<Result>) => Promise<Result> | undefined;

/** A search reads every notification, on the thread that also commits. */
const maxWaiting = 32;

/** The response to a request whose work was not run. */
export const busy = refusal(503, 'busy', 'too many requests for lists are waiting; try again in a moment', {
  'retry-after': '1',
});

export function createOneAtATime(): OneAtATime {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return (work) => {
    if (waiting >= maxWaiting) return undefined;
    waiting += 1;
    const result = last.then(work);
    const done = (): void => {
      waiting -= 1;
    };
    last = result.then(done, done);
    return result;
  };
}
