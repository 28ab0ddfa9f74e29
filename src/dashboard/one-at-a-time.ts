/** Runs pieces of work one after the other; answers undefined, and does nothing, when too many wait. */
export type OneAtATime = <Result>(work: () => Promise<Result>) => Promise<Result> | undefined;

export function createOneAtATime(maxWaiting: number): OneAtATime {
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
