import { afterAwake } from './after-awake.js';
import type { Clock } from './clock.js';

// A timer that is asked to wait longer fires at once.
const longestMs = 2 ** 31 - 1;

/** A time limit as the app gave it, made one that can be kept; `defaultMs` for what is no number. */
export function timeLimitOf(given: unknown, defaultMs: number): number {
  const ms = typeof given === 'number' || typeof given === 'string' ? Number(given) : NaN;
  return Number.isNaN(ms) ? defaultMs : Math.min(Math.max(ms, 0), longestMs);
}

/** The value if it comes within `timeoutMs`; else rejects with what `onTimeout` makes. What comes later is ignored. */
export function within<Value>(
  value: PromiseLike<Value>,
  timeoutMs: number,
  clock: Clock,
  onTimeout: () => Error,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const onLimit = (): void => {
      reject(onTimeout());
    };
    const cancel = afterAwake(clock, timeoutMs, onLimit, { isTimeLimit: true });
    void Promise.resolve(value).then(resolve, reject).finally(cancel);
  });
}

/** Resolves when the work is done, or at the time limit. Somebody waits for it, so it keeps the process alive. */
export function doneOrTimedOut(work: Promise<unknown>, timeoutMs: number, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const cancel = afterAwake(clock, timeoutMs, resolve, { keepAlive: true, isTimeLimit: true });
    void work.then(() => {
      cancel();
      resolve();
    });
  });
}
