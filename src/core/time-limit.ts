import type { CancelTimer, Clock } from './clock.js';

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

export interface AwakeOptions {
  /** Whether somebody awaits the end. @default false */
  readonly keepAlive?: boolean;
  /** Whether time counts at this moment. @default always */
  readonly isCounting?: () => boolean;
  /** For a time limit, which must come however slowly the process runs: late steps in a row count. @default false */
  readonly isTimeLimit?: boolean;
}

const stepCount = 10;
/** A stop within a step does not show, so the time limit of an outbox passes in short ones. */
const longestStepMs = 25;
/** How late a timer may be on a machine that is merely busy. */
const lateBy = 1.25;
const graceMs = 10;
/** Other threads of the process use time of the processor as well. */
const ownShare = 1 / 4;

/**
 * Calls back once this process has had `delayMs` in which to hear what came for it. A stall of the thread, or a process that
 * is stopped, once or again and again, counts for nothing: after one, timers run before the messages that came meanwhile are
 * read, and a time limit would take for silence what is only unread.
 *
 * So the time passes in steps, each of which needs a turn of the event loop. Of a step that comes late counts only what the
 * process has used of the processor: a thread that is always busy does turn, and must not wait for ever, while a stopped
 * process uses nothing. What has arrived by the end is read before it calls back.
 */
export function afterAwake(
  clock: Clock,
  delayMs: number,
  callback: () => void,
  { keepAlive = false, isCounting = always, isTimeLimit = false }: AwakeOptions = {},
): CancelTimer {
  const steps = Math.max(1, Math.min(stepCount, Math.floor(delayMs)));
  const stepMs = isTimeLimit ? delayMs / steps : Math.min(delayMs / steps, longestStepMs);
  let leftMs = delayMs;
  let wasLate = false;
  let isCancelled = false;
  let cancelStep = step();

  function step(): CancelTimer {
    const startedAtMs = clock.monotonicMs();
    const usedMs = processorMs();
    const isCounted = isCounting();
    const lastMs = Math.min(stepMs, leftMs);
    return clock.after(
      lastMs,
      () => {
        const isLate = clock.monotonicMs() - startedAtMs > lastMs * lateBy + graceMs;
        if (isCounted && isCounting()) {
          leftMs -=
            isLate && !(isTimeLimit && wasLate) ? Math.min(lastMs, (processorMs() - usedMs) * ownShare) : lastMs;
        }
        wasLate = isLate;
        // Sums of fractions are not exact.
        cancelStep = leftMs > 0.001 ? step() : afterTurn();
      },
      { keepAlive },
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

function always(): boolean {
  return true;
}

function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
