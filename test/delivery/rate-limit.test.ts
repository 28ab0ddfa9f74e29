import { createRateLimit } from '../../src/delivery/start-rule.js';

const retry = { firstDelayMs: 1_000, maxRetryAfterMs: 3_600_000 };

/** Takes tokens as a program would that waits as long as it is told, and answers when it got them. */
function takeTimes(options: { perSecond: number; burst: number }, count: number, startMs = 0): number[] {
  const limit = createRateLimit(options, retry);
  const times: number[] = [];
  for (let nowMs = startMs; times.length < count;) {
    const waitMs = limit.take(nowMs);
    if (waitMs === 0) times.push(nowMs);
    nowMs += waitMs;
  }
  return times;
}

describe('the rate limit', () => {
  it('limits nothing without options', () => {
    const limit = createRateLimit(undefined, retry);
    expect(Array.from({ length: 10_000 }, () => limit.take(0)).every((waitMs) => waitMs === 0)).toBe(true);
  });

  it('lets a burst through at once, then one after another evenly', () => {
    expect(takeTimes({ perSecond: 10, burst: 3 }, 7)).toEqual([0, 0, 0, 100, 200, 300, 400]);
  });

  it('starts with a full bucket whatever the monotonic clock shows', () => {
    expect(takeTimes({ perSecond: 1, burst: 2 }, 3, 9_876_543)).toEqual([9_876_543, 9_876_543, 9_877_543]);
  });

  it('fills up in a quiet time, and never beyond the burst', () => {
    const limit = createRateLimit({ perSecond: 10, burst: 3 }, retry);
    for (let taken = 0; taken < 3; taken += 1) limit.take(0);
    expect(limit.take(0)).toBe(100);
    expect([1, 2, 3, 4].map(() => limit.take(1_000_000))).toEqual([0, 0, 0, 100]);
  });

  it('takes nothing when there is none to take: asking too early costs nothing', () => {
    const limit = createRateLimit({ perSecond: 1, burst: 1 }, retry);
    limit.take(0);
    for (let nowMs = 0; nowMs < 1_000; nowMs += 100) {
      // Fractions of a token add up to a rounded millisecond more or less.
      expect(Math.abs(limit.take(nowMs) - (1_000 - nowMs))).toBeLessThanOrEqual(1);
    }
    expect(limit.take(1_001)).toBe(0);
  });

  it.each([0.1, 0.3, 3, 7, 33, 1_234])('holds %d a second in the long run', (perSecond) => {
    const times = takeTimes({ perSecond, burst: 1 }, 500);
    // A wait is rounded up to a whole millisecond, so it may be a little slower, never faster.
    const seconds = times.at(-1)! / 1_000;
    expect(499 / seconds).toBeLessThanOrEqual(perSecond * 1.000_001);
    expect(499 / seconds).toBeGreaterThan(perSecond / (1 + perSecond / 1_000) - 0.01);
  });

  it('never answers a wait that comes to nothing: rounding must not make a busy loop', () => {
    const limit = createRateLimit({ perSecond: 3, burst: 1 }, retry);
    limit.take(0);
    let waits = 0;
    let nowMs = 0;
    for (let waitMs = limit.take(nowMs); waitMs > 0; waitMs = limit.take(nowMs)) {
      expect(waitMs).toBeGreaterThanOrEqual(1);
      nowMs += waitMs;
      waits += 1;
    }
    expect(waits).toBeLessThanOrEqual(2);
  });

  it('gives nothing for as long as the target takes nothing, and no longer than a Retry-After may ask', () => {
    for (const options of [undefined, { perSecond: 1_000, burst: 1_000 }]) {
      const limit = createRateLimit(options, retry);
      const verdict = {
        kind: 'retry',
        reach: 'responded',
        status: 429,
        retryAfterMs: 60_000,
        pausesTarget: true,
        isOfSeveral: false,
        detail: '',
      } as const;
      limit.onVerdict({ ...verdict, pausesTarget: false }, 0);
      expect(limit.take(0)).toBe(0);
      limit.onVerdict(verdict, 0);
      expect([limit.take(0), limit.take(59_999), limit.take(60_000)]).toEqual([60_000, 1, 0]);
      limit.onVerdict({ ...verdict, retryAfterMs: 1e12 }, 60_000);
      expect(limit.take(60_000)).toBe(3_600_000);
    }
  });
});
