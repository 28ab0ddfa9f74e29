import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Results } from './report.js';
import type { FewComparison } from './scenarios/few.js';

interface Bar {
  readonly label: string;
  readonly value: number;
  readonly isOurs: boolean;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

interface Line {
  readonly label: string;
  readonly points: readonly Point[];
  readonly isOurs: boolean;
}

const width = 760;
const rowHeight = 30;
const labelWidth = 240;
const valueWidth = 80;

/** Draws the charts of docs/performance.md, readable on a light and on a dark page. */
export function drawCharts({ few, saturated, outages }: Results, directory: string): void {
  if (few !== undefined) {
    const title = 'CPU time of a request in the whole process, in µs, by connections (less is better)';
    writeFileSync(join(directory, 'concurrency.svg'), lineChart(title, linesOf(few)));
  }
  if (saturated !== undefined) {
    const ratios = saturated.map(({ name, mainRatio }) => ({ label: name, value: mainRatio, isOurs: isOurs(name) }));
    const title = 'Main-thread efficiency: CPU time of the bare route / of this one (more is better)';
    writeFileSync(
      join(directory, 'main-thread.svg'),
      barChart(title, ratios, (value) => value.toFixed(2)),
    );
  }
  if (outages !== undefined) {
    const losses = outages.map(({ name, lost }) => ({ label: name, value: lost, isOurs: isOurs(name) }));
    const title = 'Lost in an outage of the receiver (fewer is better)';
    writeFileSync(
      join(directory, 'outage.svg'),
      barChart(title, losses, (value) => value.toFixed(0)),
    );
  }
}

/** A line for each way, over the loads that are numbers of connections. */
function linesOf(few: readonly FewComparison[]): Line[] {
  const lines = new Map<string, Point[]>();
  for (const { load, comparisons } of few) {
    const [, connections] = /^(\d+) connections$/.exec(load) ?? [];
    if (connections === undefined) continue;
    for (const { name, rounds } of comparisons) {
      const points = lines.get(name) ?? [];
      lines.set(name, points);
      points.push({ x: Number(connections), y: Math.min(...rounds.map(({ totalUs }) => totalUs)) });
    }
  }
  return [...lines].map(([label, points]) => ({ label, points, isOurs: isOurs(label) }));
}

function isOurs(name: string): boolean {
  return name.startsWith('ours');
}

function barChart(title: string, bars: readonly Bar[], format: (value: number) => string): string {
  const height = 44 + bars.length * rowHeight;
  const largest = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
  const rows = bars.map(({ label, value, isOurs: own }, index) => {
    const y = 40 + index * rowHeight;
    const length = (value / largest) * (width - labelWidth - valueWidth);
    return (
      `<text x="${labelWidth - 10}" y="${y + 15}" text-anchor="end">${label}</text>` +
      `<rect x="${labelWidth}" y="${y}" width="${length.toFixed(1)}" height="20" rx="3" class="${own ? 'ours' : 'other'}"/>` +
      `<text x="${(labelWidth + length + 8).toFixed(1)}" y="${y + 15}">${format(value)}</text>`
    );
  });
  return svgOf(title, height, rows.join(''));
}

/** On a scale that doubles from left to right; the labels are at the left end, where the lines differ most. */
function lineChart(title: string, lines: readonly Line[]): string {
  const height = 340;
  const all = lines.flatMap(({ points }) => points);
  const steps = [...new Set(all.map(({ x }) => x))].sort((a, b) => a - b);
  const [first = 1, last = 1] = [steps.at(0), steps.at(-1)];
  const largest = Math.max(...all.map(({ y }) => y), Number.MIN_VALUE);
  const left = (x: number): number =>
    labelWidth + (Math.log2(x / first) / Math.max(1, Math.log2(last / first))) * (width - labelWidth - valueWidth);
  const top = (y: number): number => 44 + (1 - y / largest) * (height - 90);
  const apart = keepApart(lines.map(({ points: [start] }) => (start === undefined ? 0 : top(start.y))));
  const drawn = lines.map(({ label, points, isOurs: own }) => {
    const path = points.map(
      ({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${left(x).toFixed(1)} ${top(y).toFixed(1)}`,
    );
    const [start] = points;
    const values = points.map(
      ({ x, y }) =>
        `<circle cx="${left(x).toFixed(1)}" cy="${top(y).toFixed(1)}" r="3.5" class="${own ? 'ours' : 'other'}">` +
        `<title>${label}, ${x}: ${y.toFixed(0)} µs</title></circle>`,
    );
    const y = start === undefined ? 0 : top(start.y);
    const text = `<text x="${labelWidth - 12}" y="${(apart(y) + 4).toFixed(1)}" text-anchor="end">${label} ${start?.y.toFixed(0) ?? ''}</text>`;
    return `<path d="${path.join('')}" class="line ${own ? 'ours' : 'other'}"/>${values.join('')}${text}`;
  });
  const axis = steps.map((x) => `<text x="${left(x).toFixed(1)}" y="${height - 14}" text-anchor="middle">${x}</text>`);
  return svgOf(title, height, [...drawn, ...axis].join(''));
}

/** Moves labels down where they would overlap. */
function keepApart(positions: readonly number[]): (position: number) => number {
  const moved = new Map<number, number>();
  let lowest = -Infinity;
  for (const position of [...positions].sort((a, b) => a - b)) {
    lowest = Math.max(position, lowest + 16);
    moved.set(position, lowest);
  }
  return (position) => moved.get(position) ?? position;
}

function svgOf(title: string, height: number, content: string): string {
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">` +
    '<style>text{font:13px system-ui,sans-serif;fill:#24292f}.title{font-weight:600}.ours{fill:#0969da;stroke:#0969da}' +
    '.other{fill:#8c959f;stroke:#8c959f}.line{fill:none;stroke-width:2}@media(prefers-color-scheme:dark){text{fill:#e6edf3}' +
    '.ours{fill:#4493f8;stroke:#4493f8}.other{fill:#6e7681;stroke:#6e7681}.line{fill:none}}</style>' +
    `<text x="10" y="22" class="title">${title}</text>${content}</svg>\n`
  );
}
