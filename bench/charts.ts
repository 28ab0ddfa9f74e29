import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { barChart } from './bar-chart.js';
import { lineChart, type Line } from './line-chart.js';
import type { Results } from './report.js';
import type { FewComparison } from './scenarios/few.js';
import type { Outage } from './scenarios/outage.js';

/** The ways, in words that need no other page; what is not here is called as it is. */
const labels: Readonly<Record<string, string>> = {
  bare: 'the route alone, no CRM',
  ours: 'this package',
  'ours after-response': 'this package, saved after the response',
  'ours in batches': 'this package, in batches',
  'ours sync normal': 'this package, saved but not forced to the disk',
  'ours inline': 'this package, without its own thread',
  'ours inline after-response': 'this package, without its own thread, saved after the response',
  'fetch awaited': 'fetch, the response waits for it',
  'fetch not awaited': 'fetch, the response does not wait',
  'undici Pool on finish': 'undici Pool, after the response',
  Segment: 'Segment’s library, in batches',
  PostHog: 'PostHog’s library, in batches',
  BullMQ: 'BullMQ, a queue in Redis',
};

/** Draws the charts of docs/performance.md. */
export function drawCharts({ few, saturated, outages }: Results, directory: string): void {
  if (few !== undefined) {
    const title = 'CPU time that one request costs, in µs';
    const notes = ['1,000 µs are 1 ms. All threads of the app together.', 'Lower is better.'];
    const axis = { x: 'requests at the same time', unit: 'µs' };
    writeFileSync(join(directory, 'concurrency.svg'), lineChart({ title, notes }, axis, linesOf(few)));
  }
  if (saturated !== undefined) {
    const bars = saturated.map(({ name, mainRatio }) => ({ ...nameOf(name), value: mainRatio }));
    const title = 'Efficiency of the app’s main thread';
    const notes = [
      '1.00: a request costs as much CPU time as the route alone.',
      '0.50: it costs twice as much. Longer is better.',
      '64 requests at the same time, as many as go.',
    ];
    writeFileSync(
      join(directory, 'main-thread.svg'),
      barChart({ title, notes }, bars, (value) => value.toFixed(2)),
    );
  }
  if (outages !== undefined) {
    const bars = outages.map(({ name, lost }) => ({ ...nameOf(name), value: lost }));
    const title = 'Notifications lost while the CRM was down';
    const notes = [`Of ${largestOf(outages)} bookings, 500 a second. Shorter is better.`];
    writeFileSync(
      join(directory, 'outage.svg'),
      barChart({ title, notes }, bars, (value) => `${value.toLocaleString('en')} lost`),
    );
  }
}

/** A line for each way, over the loads that are numbers of connections: each has one request at a time. */
function linesOf(few: readonly FewComparison[]): Line[] {
  const lines = new Map<string, { x: number; y: number }[]>();
  for (const { load, comparisons } of few) {
    const [, connections] = /^(\d+) connections$/.exec(load) ?? [];
    if (connections === undefined) continue;
    for (const { name, rounds } of comparisons) {
      const points = lines.get(name) ?? [];
      lines.set(name, points);
      points.push({ x: Number(connections), y: Math.min(...rounds.map(({ totalUs }) => totalUs)) });
    }
  }
  return [...lines].map(([name, points]) => ({
    ...nameOf(name),
    points,
    isDashed: / (after-response|on finish)$/.test(name),
  }));
}

function nameOf(name: string): { label: string; isOurs: boolean } {
  return { label: labels[name] ?? name, isOurs: name.startsWith('ours') };
}

function largestOf(outages: readonly Outage[]): string {
  return Math.max(...outages.map(({ answered }) => answered)).toLocaleString('en');
}
