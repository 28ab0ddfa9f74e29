import { createAttemptDurations, maxDurationCount } from '../../src/dashboard/recorder.js';
import { createRejectionCounts } from '../../src/dashboard/rejections.js';

describe('the durations of attempts', () => {
  it('have percentiles by nearest rank', () => {
    const durations = createAttemptDurations();
    expect(durations.read(0)).toEqual({ count: 0, p50Ms: null, p95Ms: null, p99Ms: null });
    for (let ms = 100; ms >= 1; ms -= 1) durations.add(ms, 0);
    expect(durations.read(1)).toEqual({ count: 100, p50Ms: 50, p95Ms: 95, p99Ms: 99 });
  });

  it('are those of the last hour, and at most the last 2,000', () => {
    const durations = createAttemptDurations();
    durations.add(1_000, 0);
    durations.add(1, 3_000_000);
    expect(durations.read(3_599_999)).toMatchObject({ count: 2, p99Ms: 1_000 });
    expect(durations.read(3_600_000)).toMatchObject({ count: 1, p99Ms: 1 });
    for (let count = 0; count < maxDurationCount; count += 1) durations.add(7, 3_600_000);
    expect(durations.read(3_600_000)).toEqual({ count: maxDurationCount, p50Ms: 7, p95Ms: 7, p99Ms: 7 });
  });
});

describe('what was not accepted', () => {
  it('is counted for an hour, by why, however much it is', () => {
    const counts = createRejectionCounts();
    for (let count = 0; count < 1_000; count += 1) counts.add({ code: 'ERR_CRM_VALIDATION' }, 60_000);
    counts.add({ code: 'ERR_CRM_OUTBOX' }, 120_001);
    expect(counts.read(3_659_999)).toEqual({ notValid: 1_000, notStored: 1 });
    expect(counts.read(3_660_000)).toEqual({ notValid: 0, notStored: 1 });
    expect(counts.read(7_200_000)).toEqual({ notValid: 0, notStored: 0 });
  });
});
