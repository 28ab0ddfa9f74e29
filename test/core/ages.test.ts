import { createAges } from '../../src/core/ages.js';
import { createOwnedClock } from '../../src/testing/owned-clock.js';

const dayMs = 86_400_000;

describe('A8: ages by a clock that may jump', () => {
  it('are those of the wall clock while it does not', async () => {
    const clock = createOwnedClock();
    const ages = createAges(clock, clock.now() - 1_000);
    const at = clock.now() - 5_000;
    await clock.advance(2_000);
    expect(ages.ageOf(at)).toBe(7_000);
    expect(ages.leapMs()).toBe(0);
  });

  it('do not grow by a jump while the app runs, and count from then on for what is stored after it', async () => {
    const clock = createOwnedClock(0);
    const ages = createAges(clock, 0);
    await clock.advance(1_000);
    const before = clock.now();
    clock.jumpWall(56 * 365 * dayMs);
    const after = clock.now();
    await clock.advance(3_000);
    expect(ages.ageOf(before)).toBe(3_000);
    expect(ages.ageOf(after)).toBe(3_000);
    const { before: limit, from, to } = ages.olderThan(2_500);
    expect(before).toBeLessThan(limit);
    expect(after >= from && after < to).toBe(true);
  });

  it('grow by a day at most between two uses, however far the clock is', () => {
    const clock = createOwnedClock();
    const seenAt = clock.now();
    clock.jumpWall(365 * dayMs);
    const ages = createAges(clock, seenAt);
    expect(ages.ageOf(seenAt)).toBe(dayMs);
    expect(ages.leapMs()).toBe(364 * dayMs);
  });

  it('are not negative for long where the clock was set back: they begin anew', async () => {
    const clock = createOwnedClock();
    const seenAt = clock.now();
    clock.jumpWall(-365 * dayMs);
    const ages = createAges(clock, seenAt);
    const at = clock.now();
    await clock.advance(1_000);
    expect(ages.ageOf(at)).toBe(1_000);
    expect(ages.leapMs()).toBe(0);
  });
});
