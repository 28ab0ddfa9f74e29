import { setImmediate } from 'node:timers';
import type { CancelTimer, Clock } from './clock.js';

// With a longer delay, a timer fires at once.
const maxTimerMs = 2 ** 31 - 1;

/** The app's time limit, clamped to what a timer can wait; `defaultMs` if it is not a number. */
export function timeLimitOf(given: unknown, defaultMs: number): number {
  const ms = typeof given === 'number' || typeof given === 'string' ? Number(given) : NaN;
  return Number.isNaN(ms) ? defaultMs : Math.min(Math.max(ms, 0), maxTimerMs);
}

/** Resolves to the value if it comes within `timeoutMs`, else rejects with `onTimeout()`. A later value is ignored. */
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

/** Resolves when the work is done, or at the time limit. Keeps the process alive, because the caller awaits it. */
export function doneOrTimedOut(work: Promise<unknown>, timeoutMs: number, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const cancel = afterAwake(clock, timeoutMs, resolve, { keepAlive: true, isTimeLimit: true });
    void work.then(() => {
      cancel();
      resolve();
    });
  });
}

export interface AwakeOptions {
  /** Whether to keep the process alive until the end. @default false */
  readonly keepAlive?: boolean;
  /** Returns whether time counts now. @default always */
  readonly isCounting?: () => boolean;
  /** A time limit, which must pass however slowly the process runs: consecutive late steps count in full. @default false */
  readonly isTimeLimit?: boolean;
}

const stepCount = 10;
/** A stall shorter than a step goes unnoticed, so waits for the outbox use short ones. */
const maxStepMs = 25;
/** How late a timer may be, as a factor, on a machine that is merely busy. */
const maxLateness = 1.25;
const graceMs = 10;
/** Other threads of the process use CPU time as well. */
const ownCpuShare = 1 / 4;

/**
 * Calls back once this process has had `delayMs` in which to read its messages. Time in which the thread stalls or the process
 * is stopped, even repeatedly, does not count: after a stall, timers run before the messages that came meanwhile are read, and
 * a time limit would take unread messages for silence.
 *
 * So the time passes in steps, each of which needs a turn of the event loop. Of a late step, only the CPU time that the process
 * used counts: a thread that is always busy does turn, and must not wait for ever, while a stopped process uses none. What has
 * arrived by the end is read before it calls back.
 */
export function afterAwake(
  clock: Clock,
  delayMs: number,
  callback: () => void,
  { keepAlive = false, isCounting = always, isTimeLimit = false }: AwakeOptions = {},
): CancelTimer {
  const steps = Math.max(1, Math.min(stepCount, Math.floor(delayMs)));
  const stepMs = isTimeLimit ? delayMs / steps : Math.min(delayMs / steps, maxStepMs);
  let leftMs = delayMs;
  let wasLate = false;
  let isCancelled = false;
  let cancelStep = startStep();

  function startStep(): CancelTimer {
    const startedAtMs = clock.monotonicMs();
    const cpuMsBefore = cpuTimeMs();
    const isCounted = isCounting();
    const thisStepMs = Math.min(stepMs, leftMs);
    return clock.after(
      thisStepMs,
      () => {
        const isLate = clock.monotonicMs() - startedAtMs > thisStepMs * maxLateness + graceMs;
        if (isCounted && isCounting()) {
          leftMs -=
            isLate && !(isTimeLimit && wasLate)
              ? Math.min(thisStepMs, (cpuTimeMs() - cpuMsBefore) * ownCpuShare)
              : thisStepMs;
        }
        wasLate = isLate;
        // Sums of fractions are inexact.
        cancelStep = leftMs > 0.001 ? startStep() : callAfterTurn();
      },
      { keepAlive },
    );
  }

  function callAfterTurn(): CancelTimer {
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

function always(): boolean {
  return true;
}

function cpuTimeMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
