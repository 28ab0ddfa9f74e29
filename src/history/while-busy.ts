import { systemClock } from '../core/clock.js';
import { busyTimeoutMs } from '../outbox/sqlite/connection.js';
import { isBusy } from '../outbox/sqlite/sqlite-errors.js';

const againAfterMs = 50;

/**
 * Tries again while another process has the file locked, for as long as calls of the outbox wait for that. Between the tries this
 * thread is free, which it would not be while SQLite waits. By the computer's clock, because files do not know a test's.
 */
export async function whileBusy<Result>(
  work: () => Promise<Result>,
  isStopped: () => boolean = () => false,
): Promise<Result> {
  const startedAtMs = systemClock.monotonicMs();
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const isOver = isStopped() || systemClock.monotonicMs() - startedAtMs >= busyTimeoutMs;
      if (isOver || !isBusy(error)) throw error;
    }
    await new Promise<void>((resolve) => void systemClock.after(againAfterMs, resolve, { keepAlive: true }));
  }
}
