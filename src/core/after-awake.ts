import type { CancelTimer, Clock } from './clock.js';

const stepCount = 10;
/** How late a timer may be on a machine that is merely busy, in milliseconds. */
const graceMs = 20;

/**
 * Calls back once this thread has had `delayMs` in which to hear what came for it. A stall of the thread, or a process that
 * was stopped for a while, counts for nothing: after one, timers run before the messages that came meanwhile are read, and
 * a time limit would take for silence what is only unread.
 *
 * So the time passes in steps, each of which needs a turn of the event loop. A step that comes late does not count, unless
 * the one before was late too: a thread that is always busy does turn, and must not wait for ever. What has arrived by the
 * end is read before it calls back.
 */
export function afterAwake(
  clock: Clock,
  delayMs: number,
  callback: () => void,
  options?: { readonly keepAlive?: boolean },
): CancelTimer {
  const steps = Math.max(1, Math.min(stepCount, Math.floor(delayMs)));
  const stepMs = delayMs / steps;
  let stepsLeft = steps;
  let wasLate = false;
  let isCancelled = false;
  let cancelStep = step();

  function step(): CancelTimer {
    const startedAtMs = clock.monotonicMs();
    return clock.after(
      stepMs,
      () => {
        const isLate = clock.monotonicMs() - startedAtMs > stepMs + Math.max(stepMs, graceMs);
        if (!isLate || wasLate) stepsLeft -= 1;
        wasLate = isLate;
        if (stepsLeft > 0) cancelStep = step();
        else cancelStep = afterTurn();
      },
      options,
    );
  }

  function afterTurn(): CancelTimer {
    setImmediate(() => {
      if (!isCancelled) callback();
    });
    return () => undefined;
  }

  return () => {
    isCancelled = true;
    cancelStep();
  };
}
