import { afterAwake } from './after-awake.js';
import type { Clock } from './clock.js';

/** The value if it comes within `timeoutMs`; else rejects with what `onTimeout` makes. What comes later is ignored. */
export function within<Value>(
  value: PromiseLike<Value>,
  timeoutMs: number,
  clock: Clock,
  onTimeout: () => Error,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const cancel = afterAwake(clock, timeoutMs, () => {
      reject(onTimeout());
    });
    void Promise.resolve(value).then(resolve, reject).finally(cancel);
  });
}

/** Resolves when the work is done, or at the time limit. Somebody waits for it, so it keeps the process alive. */
export function doneOrTimedOut(work: Promise<unknown>, timeoutMs: number, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const cancel = afterAwake(clock, timeoutMs, resolve, { keepAlive: true });
    void work.then(() => {
      cancel();
      resolve();
    });
  });
}
