import { createSteadyClock, type Use } from '../../src/core/steady-clock.js';
import { createOwnedClock, type OwnedClock } from '../../src/testing/owned-clock.js';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const yearMs = 365 * dayMs;

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
    ['a day at most, however long the clock was right', 90 * dayMs, yearMs, dayMs],
    ['a shorter pause whole', 3 * hourMs, hourMs, hourMs],
    ['a pause as long as the clock has been right', 3 * hourMs, 3 * hourMs, 3 * hourMs],
    ['no more than that of a longer one', 3 * hourMs, 4 * hourMs, 3 * hourMs],
    ['the pause of a restart, however short the last use was', 0, minuteMs, minuteMs],
    ['nothing of a clock that was set back', 3 * hourMs, -yearMs, 0],
  ])('counts %s', (_what, trustMs, pauseMs, countedMs) => {
    const clock = createOwnedClock();
    const to = clock.now();
    clock.jumpWall(pauseMs);
    expect(createSteadyClock(clock, { from: to - trustMs, to }).now()).toBe(to + countedMs);
  });

  /** What a start notes at its end, after it has run for a while. */
  const useOf = async (clock: OwnedClock, last: Use, ranMs: number): Promise<Use> => {
    const steady = createSteadyClock(clock, last);
    await clock.advance(ranMs);
    return { from: steady.trustedFrom, to: steady.now() };
  };

  it('trusts the clock of a new outbox for a day, and goes on trusting it over short uses with long pauses', async () => {
    const clock = createOwnedClock();
    const startedAt = clock.now();
    let use: Use = { from: 0, to: 0 };
    for (let day = 0; day < 30; day += 1) {
      use = await useOf(clock, use, 5_000);
      clock.jumpWall(dayMs - 5_000);
    }
    expect(createSteadyClock(clock, use).now()).toBe(startedAt + 30 * dayMs);
  });

  it.each([
    ['is a year ahead', [yearMs]],
    ['stands at 1970 and is set right, again and again', [-50 * yearMs, 50 * yearMs]],
  ])('counts little of a crash loop whose clock %s', async (_what, jumps) => {
    const clock = createOwnedClock();
    const startedAt = clock.now();
    let use = await useOf(clock, { from: 0, to: 0 }, 1_000);
    for (let start = 0; start < 300; start += 1) {
      clock.jumpWall(jumps[start % jumps.length]!);
      use = await useOf(clock, use, 1_000);
    }
    expect(use.to - startedAt).toBeLessThan(dayMs + 300 * 3 * minuteMs);
  });
});
