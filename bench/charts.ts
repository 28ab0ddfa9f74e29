import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Results } from './report.js';

interface Bar {
  readonly label: string;
  readonly value: number;
  readonly isOurs: boolean;
}

const width = 760;
const rowHeight = 30;
const labelWidth = 240;
const valueWidth = 80;

/** Draws the charts of docs/performance.md, readable on a light and on a dark page. */
export function drawCharts({ saturated, outages }: Results, directory: string): void {
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
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">` +
    '<style>text{font:13px system-ui,sans-serif;fill:#24292f}.title{font-weight:600}.ours{fill:#0969da}.other{fill:#8c959f}' +
    '@media(prefers-color-scheme:dark){text{fill:#e6edf3}.ours{fill:#4493f8}.other{fill:#6e7681}}</style>' +
    `<text x="10" y="22" class="title">${title}</text>${rows.join('')}</svg>\n`
  );
}
