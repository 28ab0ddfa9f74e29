/** Runs `work` at once; rejects with what it throws. */
export function asPromise<Result>(work: () => Result): Promise<Result> {
  return new Promise((resolve) => {
    resolve(work());
  });
}
