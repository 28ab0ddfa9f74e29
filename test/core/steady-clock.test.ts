import { createSteadyClock } from '../../src/core/steady-clock.js';
import { createOwnedClock } from '../../src/testing/owned-clock.js';

const hourMs = 3_600_000;
const yearMs = 365 * 24 * hourMs;

describe('A8: the steady clock', () => {
  it('is the wall clock at first, and goes on evenly whatever that does', async () => {
    const clock = createOwnedClock();
    const startedAt = clock.now();
    const steady = createSteadyClock(clock, { from: 0, to: 0 });
    await clock.advance(1_000);
    clock.jumpWall(yearMs);
    await clock.advance(1_000);
    expect(steady.now()).toBe(startedAt + 2_000);
    expect(steady.leapMs()).toBe(yearMs);
    clock.jumpWall(-2 * yearMs);
    expect(steady.now()).toBe(startedAt + 2_000);
    expect(steady.leapMs()).toBe(-yearMs);
  });

  it.each([
    ['no more of a pause than the last use took', yearMs, 3 * hourMs],
    ['a shorter pause whole', hourMs, hourMs],
    ['nothing of a clock that was set back', -yearMs, 0],
  ])('counts %s', (_what, pauseMs, countedMs) => {
    const clock = createOwnedClock();
    const to = clock.now();
    clock.jumpWall(pauseMs);
    expect(createSteadyClock(clock, { from: to - 3 * hourMs, to }).now()).toBe(to + countedMs);
  });
});
