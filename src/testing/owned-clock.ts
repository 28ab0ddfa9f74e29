import type { Clock } from '../core/clock.js';

/**
 * A clock that stands still until a test moves it: `createNotifier({ clock, outbox: ':memory:' })` makes delivery go by it,
 * so that back-offs, deadlines and pauses of hours pass at once and always alike. Sockets and files do not go by it, so let
 * a test wait for what it has caused (`crm.waitForRequests()`, an event of the notifier) before it moves the clock on.
 */
export interface OwnedClock extends Clock {
  /**
   * Moves both clocks on by so many milliseconds, calling back what becomes due, in order; lets sockets and files have their
   * turn in between. Rejects with a `RangeError` unless `ms` is a finite number from 0 on.
   */
  advance(ms: number): Promise<void>;
  /**
   * Moves both clocks on by a millisecond at a time until the promise is settled, and answers what it resolves with: the way
   * to wait for what needs both time and the CRM's answers, such as a delivery after retries. Rejects when the promise does,
   * and after `maxMs` on this clock.
   */
  advanceUntil<Value>(promise: Promise<Value>, maxMs?: number): Promise<Value>;
  /**
   * Moves both clocks on at once, as after a computer's sleep: whatever became due meanwhile is late, and due once.
   * Rejects with a `RangeError` unless `ms` is a finite number from 0 on.
   */
  leap(ms: number): Promise<void>;
  /**
   * Lets the wall clock jump, forth or back, as a correction by NTP does; nothing becomes due by that.
   * Throws a `RangeError` unless `ms` is a finite number.
   */
  jumpWall(ms: number): void;
  /** How many callbacks wait. */
  readonly timerCount: number;
}

interface Timer {
  readonly dueAtMs: number;
  readonly callback: () => void;
}

/**
 * Makes a clock that begins at `startAt`, in milliseconds since 1970; by default always the same instant. Give it to the
 * notifier as its option `clock`; outbox and delivery then run in the app's thread. The notifier's own time limits go by it
 * too, so end a test with `await clock.advanceUntil(notifier.close())`. Throws a `RangeError` unless `startAt` is finite.
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
      await turns();
    }
    wallAt += untilMs - monotonicMs;
    monotonicMs = untilMs;
    await turns();
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
        // A test that has failed by then must not go on for ever.
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
      await turns();
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

/** A few turns of the event loop: time enough for batches and settlements, which wait for the end of a turn. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Time does not go back, and what never comes cannot be waited for. */
function checkSpan(ms: number): void {
  if (!(ms >= 0)) throw new RangeError('a clock moves on by a number of milliseconds from 0 on');
  checkFinite(ms, 'ms');
}

function checkFinite(value: number, name: string): void {
  if (!Number.isFinite(value)) throw new RangeError(`${name} must be a finite number`);
}
