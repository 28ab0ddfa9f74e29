import { chartFrame, chartTop, chartWidth, type ChartText } from './chart-frame.js';

interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Line {
  readonly label: string;
  readonly points: readonly Point[];
  readonly isOurs: boolean;
  /** To tell it from another in the same colour. */
  readonly isDashed: boolean;
}

export interface AxisText {
  readonly x: string;
  /** The unit of the values. */
  readonly unit: string;
}

const left = 92;
const right = chartWidth - 24;
const plotHeight = 230;
const rowHeight = 24;

/** On a scale that doubles from left to right, with the lines' names and their first and last values above it. */
export function lineChart(text: ChartText, axis: AxisText, lines: readonly Line[]): string {
  const all = lines.flatMap(({ points }) => points);
  const steps = [...new Set(all.map(({ x }) => x))].sort((a, b) => a - b);
  const [first = 1, last = 1] = [steps.at(0), steps.at(-1)];
  const marks = marksUpTo(Math.max(...all.map(({ y }) => y), 1));
  const top = chartTop(text) + lines.length * rowHeight + 22;
  const placeX = (x: number): number =>
    left + (Math.log2(x / first) / Math.max(1, Math.log2(last / first))) * (right - left);
  const placeY = (y: number): number => top + (1 - y / (marks.at(-1) ?? 1)) * plotHeight;

  const grid = marks.map(
    (mark) =>
      `<path d="M${left} ${placeY(mark).toFixed(1)}H${right}" class="grid"/>` +
      `<text x="${left - 10}" y="${(placeY(mark) + 5).toFixed(1)}" text-anchor="end" class="note">${mark.toLocaleString('en')} ${axis.unit}</text>`,
  );
  const numbers = steps.map(
    (x) =>
      `<text x="${placeX(x).toFixed(1)}" y="${top + plotHeight + 24}" text-anchor="middle" class="note">${x}</text>`,
  );
  const name = `<text x="${(left + right) / 2}" y="${top + plotHeight + 48}" text-anchor="middle" class="note">${axis.x}</text>`;
  const drawn = lines.map(({ label, points, isOurs, isDashed }, index) => {
    const style = `${isOurs ? 'ours' : 'other'} line${isDashed ? ' dashed' : ''}`;
    const path = points.map(
      ({ x, y }, step) => `${step === 0 ? 'M' : 'L'}${placeX(x).toFixed(1)} ${placeY(y).toFixed(1)}`,
    );
    const y = chartTop(text) + index * rowHeight + 15;
    return (
      `<path d="${path.join('')}" class="${style}"/><path d="M16 ${y - 5}H56" class="${style}"/>` +
      `<text x="66" y="${y}">${label}: ${rangeOf(points, axis.unit)}</text>`
    );
  });
  return chartFrame(text, top + plotHeight + 62, [...grid, ...numbers, name, ...drawn].join(''));
}

/** Such as "880 → 234 µs". */
function rangeOf(points: readonly Point[], unit: string): string {
  const values = [...new Set([points.at(0), points.at(-1)])].map((point) => point?.y.toFixed(0) ?? '–');
  return `${values.join(' → ')} ${unit}`;
}

/** From zero, at most five even steps. */
function marksUpTo(largest: number): number[] {
  const power = 10 ** Math.floor(Math.log10(largest));
  const step = [0.2, 0.5, 1, 2].map((part) => part * power).find((size) => largest / size <= 5) ?? largest;
  return Array.from({ length: Math.ceil(largest / step) + 1 }, (_, index) => Math.round(index * step));
}
