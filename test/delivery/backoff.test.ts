import { backoffMs } from '../../src/delivery/backoff.js';
import { createSeededRandom } from '../helpers/seeded-random.js';

const options = { firstDelayMs: 1_000, maxDelayMs: 3_600_000 };
const almostOne = 1 - Number.EPSILON;

describe('backoffMs', () => {
  it.each([
    [1, 1_000],
    [2, 2_000],
    [3, 4_000],
    [12, 2_048_000],
    [13, 3_600_000],
    [14, 3_600_000],
    [1_000, 3_600_000],
    [Number.MAX_SAFE_INTEGER, 3_600_000],
  ])('after %d failures is between nothing and %d ms', (failureCount, bound) => {
    expect(backoffMs(failureCount, options, () => 0)).toBe(0);
    expect(backoffMs(failureCount, options, () => 0.5)).toBe(bound / 2);
    expect(backoffMs(failureCount, options, () => almostOne)).toBe(bound);
  });

  it('never exceeds the cap, not even the first time', () => {
    expect(backoffMs(1, { firstDelayMs: 5_000, maxDelayMs: 100 }, () => almostOne)).toBe(100);
  });

  it('is a whole number of milliseconds', () => {
    for (let draw = 0; draw < 1; draw += 0.0137) {
      expect(Number.isSafeInteger(backoffMs(7, { firstDelayMs: 3, maxDelayMs: 1e9 }, () => draw))).toBe(true);
    }
  });

  const random = createSeededRandom();
  it(`is spread evenly over the whole range (CRM_TEST_SEED=${random.seed})`, () => {
    const buckets = new Array<number>(10).fill(0);
    for (let draw = 0; draw < 10_000; draw += 1) {
      const bucket = Math.min(9, Math.floor(backoffMs(4, options, () => random.next()) / 800));
      buckets[bucket]! += 1;
    }
    // 1,000 each, give or take; 6 standard deviations are 180.
    for (const count of buckets) expect(Math.abs(count - 1_000)).toBeLessThan(200);
  });
});
