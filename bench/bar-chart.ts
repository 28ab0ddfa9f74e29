import { chartFrame, chartTop, chartWidth, type ChartText } from './chart-frame.js';

export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly isOurs: boolean;
}

const rowHeight = 46;
const left = 16;
const valueWidth = 124;

/** Each bar has its label above it and its value, with the unit, at its end. */
export function barChart(text: ChartText, bars: readonly Bar[], format: (value: number) => string): string {
  const largest = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
  const rows = bars.map(({ label, value, isOurs }, index) => {
    const y = chartTop(text) + index * rowHeight;
    // One sees that there is a bar, even of nothing.
    const length = Math.max(2, (value / largest) * (chartWidth - left - valueWidth));
    return (
      `<text x="${left}" y="${y + 15}">${label}</text>` +
      `<rect x="${left}" y="${y + 21}" width="${length.toFixed(1)}" height="16" rx="2" class="${isOurs ? 'ours' : 'other'}"/>` +
      `<text x="${(left + length + 8).toFixed(1)}" y="${y + 34}">${format(value)}</text>`
    );
  });
  return chartFrame(text, chartTop(text) + bars.length * rowHeight + 8, rows.join(''));
}
