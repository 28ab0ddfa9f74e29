import type { Clock } from '../core/clock.js';

/**
 * A clock that moves only when a test moves it. With `createNotifier({ clock, outbox: ':memory:' })` delivery uses it,
 * so back-offs, deadlines and pauses of hours pass at once, and the same way in every run. Sockets and files do not use it:
 * before you move the clock, wait for what the test has caused (`crm.waitForRequests()`, an event of the notifier).
 */
export interface OwnedClock extends Clock {
  /**
   * Moves the wall clock and the monotonic clock forward by `ms` milliseconds and runs the timers that become due, in
   * order. Sockets and files get a turn after each timer. Rejects with a `RangeError` unless `ms` is a finite number from
   * 0 on.
   *
   * @example
   * await clock.advance(60_000);
   */
  advance(ms: number): Promise<void>;
  /**
   * Moves both clocks forward a millisecond at a time until the promise settles, and returns its value. Use it to wait for
   * what needs both time and responses of the CRM, such as a delivery after retries. Rejects if the promise rejects, or if
   * it is still pending after `maxMs` (500,000) on this clock.
   *
   * @example
   * await clock.advanceUntil(notifier.close());
   */
  advanceUntil<Value>(promise: Promise<Value>, maxMs?: number): Promise<Value>;
  /**
   * Moves both clocks forward in one step, as when a computer wakes from sleep: every timer that became due meanwhile
   * runs late, and once.
   * Rejects with a `RangeError` unless `ms` is a finite number from 0 on.
   */
  leap(ms: number): Promise<void>;
  /**
   * Moves only the wall clock, forward or back, as an NTP correction does. No timer becomes due.
   * Throws a `RangeError` unless `ms` is a finite number.
   */
  jumpWall(ms: number): void;
  /** How many timers are pending. */
  readonly timerCount: number;
}

interface Timer {
  readonly dueAtMs: number;
  readonly callback: () => void;
}

/**
 * Creates a clock that starts at `startAt`, in milliseconds since 1970; the default is a fixed instant in 2026. Pass it to
 * the notifier as its option `clock`; outbox and delivery then run on the app's thread. The notifier's own time limits use
 * it too, so end a test with `await clock.advanceUntil(notifier.close())`. Throws a `RangeError` unless `startAt` is finite.
 *
 * @example
 * const clock = createOwnedClock();
 * const crm = await startFakeCrm({ script: ['hang'], clock });
 * const notifier = createNotifier({ baseUrl: crm.url, authToken: crm.token, outbox: ':memory:', clock });
 * await notifier.notify({ notificationType: 'user_registered', userId: 123, message: 'New user registered' });
 * await crm.waitForRequests(1);
 * await clock.advance(10_000); // the attempt times out
 * await clock.advanceUntil(crm.sent.waitFor({ type: 'user_registered' })); // and is retried
 */
export function createOwnedClock(startAt = Date.parse('2026-11-24T01:02:03.004Z')): OwnedClock {
  checkFinite(startAt, 'startAt');
  const timers = new Set<Timer>();
  let monotonicMs = 0;
  let wallAt = startAt;

  const nextDue = (untilMs: number): Timer | undefined =>
    [...timers].filter((timer) => timer.dueAtMs <= untilMs).sort((a, b) => a.dueAtMs - b.dueAtMs)[0];

  const advance = async (ms: number): Promise<void> => {
    checkSpan(ms);
    const untilMs = monotonicMs + ms;
    for (let timer = nextDue(untilMs); timer !== undefined; timer = nextDue(untilMs)) {
      timers.delete(timer);
      const stepMs = Math.max(0, timer.dueAtMs - monotonicMs);
      monotonicMs += stepMs;
      wallAt += stepMs;
      timer.callback();
      await runTurns();
    }
    wallAt += untilMs - monotonicMs;
    monotonicMs = untilMs;
    await runTurns();
  };

  return {
    now: () => wallAt,
    monotonicMs: () => monotonicMs,
    after(delayMs, callback) {
      const timer = { dueAtMs: monotonicMs + delayMs, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance,
    async advanceUntil(promise, maxMs = 500_000) {
      checkSpan(maxMs);
      const state = { isSettled: false };
      const settled = (): void => {
        state.isSettled = true;
      };
      promise.then(settled, settled);
      for (let passedMs = 0; !state.isSettled; passedMs += 1) {
        // Without a limit, a test whose promise never settles would run for ever.
        if (passedMs >= maxMs) throw new Error(`not settled after ${String(maxMs)} ms on the owned clock`);
        await advance(1);
      }
      return promise;
    },
    async leap(ms) {
      checkSpan(ms);
      monotonicMs += ms;
      wallAt += ms;
      for (const timer of [...timers].sort((a, b) => a.dueAtMs - b.dueAtMs)) {
        if (timer.dueAtMs <= monotonicMs && timers.delete(timer)) timer.callback();
      }
      await runTurns();
    },
    jumpWall(ms) {
      checkFinite(ms, 'ms');
      wallAt += ms;
    },
    get timerCount() {
      return timers.size;
    },
  };
}

/** Waits a few turns of the event loop: enough for batches and settlements, which wait for the end of a turn. */
async function runTurns(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

function checkSpan(ms: number): void {
  if (!(ms >= 0)) throw new RangeError('a clock moves forward by a number of milliseconds from 0 on');
  checkFinite(ms, 'ms');
}

function checkFinite(value: number, name: string): void {
  if (!Number.isFinite(value)) throw new RangeError(`${name} must be a finite number`);
}
