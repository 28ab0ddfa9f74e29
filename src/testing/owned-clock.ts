import type { Clock } from '../core/clock.js';

/** A clock that stands still until a test moves it. */
export interface OwnedClock extends Clock {
  /** Moves both clocks on, calling back what becomes due, in order; lets sockets and files have their turn in between. */
  advance(ms: number): Promise<void>;
  /** Moves both clocks on at once, as after a computer's sleep: whatever became due meanwhile is late, and due once. */
  leap(ms: number): Promise<void>;
  /** Lets the wall clock jump, as a correction by NTP does; nothing becomes due by that. */
  jumpWall(ms: number): void;
  /** How many callbacks wait. */
  readonly timerCount: number;
}

interface Timer {
  readonly dueAtMs: number;
  readonly callback: () => void;
}

export function createOwnedClock(startAt = Date.parse('2026-11-24T01:02:03.004Z')): OwnedClock {
  const timers = new Set<Timer>();
  let monotonicMs = 0;
  let wallAt = startAt;

  const nextDue = (untilMs: number): Timer | undefined =>
    [...timers].filter((timer) => timer.dueAtMs <= untilMs).sort((a, b) => a.dueAtMs - b.dueAtMs)[0];

  return {
    now: () => wallAt,
    monotonicMs: () => monotonicMs,
    after(delayMs, callback) {
      const timer = { dueAtMs: monotonicMs + delayMs, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    async advance(ms) {
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
    },
    async leap(ms) {
      monotonicMs += ms;
      wallAt += ms;
      for (const timer of [...timers].sort((a, b) => a.dueAtMs - b.dueAtMs)) {
        if (timer.dueAtMs <= monotonicMs && timers.delete(timer)) timer.callback();
      }
      await turns();
    },
    jumpWall(ms) {
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
