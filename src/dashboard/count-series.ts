import { countNames, type MinuteCounts } from '../history/history.js';
import type { CountSeries, Range } from './api-contract.js';

const minuteMs = 60_000;

/** How long the steps of a range are, in milliseconds, and how many there are. */
const steps: Readonly<Record<Range, { readonly stepMs: number; readonly count: number }>> = {
  hour: { stepMs: minuteMs, count: 60 },
  day: { stepMs: 15 * minuteMs, count: 96 },
  week: { stepMs: 60 * minuteMs, count: 168 },
};

/** Whether a text of a query names a range. */
export function isRange(text: string): text is Range {
  return Object.hasOwn(steps, text);
}

/** When the series of a range begins that ends with the step of `now`. In milliseconds since 1970. */
export function startOfSeries(range: Range, now: number): number {
  const { stepMs, count } = steps[range];
  return (Math.floor(now / stepMs) - count + 1) * stepMs;
}

/** The counts of one target, added up from the start of the series. What the series leaves out is left out here, too. */
export function sumsOfTarget(
  minutes: readonly MinuteCounts[],
  target: string,
  range: Range,
  now: number,
): Pick<MinuteCounts, 'delivered' | 'retried'> {
  const ofTarget = seriesOf(
    minutes.filter((ofMinute) => ofMinute.target === target),
    range,
    now,
  );
  return { delivered: sum(ofTarget.delivered), retried: sum(ofTarget.retried) };
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

/** The counts of all targets together, step by step. What lies outside, as after a jump of the clock, is left out. */
export function seriesOf(minutes: readonly MinuteCounts[], range: Range, now: number): CountSeries {
  const { stepMs, count } = steps[range];
  const startAt = startOfSeries(range, now);
  const zeros = (): number[] => Array.from({ length: count }, () => 0);
  const series = { accepted: zeros(), delivered: zeros(), retried: zeros(), dead: zeros() };
  for (const ofMinute of minutes) {
    const index = Math.floor((ofMinute.startAt - startAt) / stepMs);
    if (index < 0 || index >= count) continue;
    for (const name of countNames) {
      series[name][index] = (series[name][index] ?? 0) + ofMinute[name];
    }
  }
  return { range, startAt, stepMs, ...series };
}
