import uPlot from 'uplot';
import type { MinuteSeries } from '../api-contract.js';
import { byId, make, minuteText, numberText, setText } from './element.js';

/** The charts of the last 60 minutes, and the same numbers as a table. */
export function createMinutesSection(): (minutes: MinuteSeries) => void {
  const charts = [
    { chart: createMinuteChart('Accepted', 'accent'), of: (minutes: MinuteSeries) => minutes.accepted },
    { chart: createMinuteChart('Delivered', 'good'), of: (minutes: MinuteSeries) => minutes.delivered },
    { chart: createMinuteChart('Retried', 'warn'), of: (minutes: MinuteSeries) => minutes.retried },
    { chart: createMinuteChart('Dead', 'bad'), of: (minutes: MinuteSeries) => minutes.dead },
  ];
  const section = byId('charts', HTMLElement);
  section.append(...charts.map(({ chart }) => chart.root));
  const details = byId('minutes-details', HTMLDetailsElement);
  const rows = byId('minutes-rows', HTMLTableSectionElement);
  let last: MinuteSeries | undefined;

  const redraw = (): void => {
    for (const { chart } of charts) chart.redraw();
  };
  new ResizeObserver(redraw).observe(section);
  // A canvas does not follow the style sheet by itself.
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);

  const showTable = (): void => {
    const shown = last;
    if (shown === undefined || !details.open) return;
    const series = charts.map(({ of }) => of(shown));
    const row = (_: unknown, index: number): HTMLElement => {
      const head = make('th', '', minuteText(shown.startAt + index * 60_000));
      head.scope = 'row';
      return make('tr', '', head, ...series.map((counts) => make('td', 'number', numberText(counts[index] ?? 0))));
    };
    // Newest first.
    rows.replaceChildren(...shown.accepted.map(row).reverse());
  };
  details.addEventListener('toggle', showTable);

  return (minutes) => {
    last = minutes;
    for (const { chart, of } of charts) chart.show(minutes.startAt, of(minutes));
    showTable();
  };
}

/** A bar for each of the last 60 minutes, their sum, and the number of the minute under the pointer. */
interface MinuteChart {
  readonly root: HTMLElement;
  show(startAt: number, counts: readonly number[]): void;
  /** Call it when the colours or the width have changed. */
  redraw(): void;
}

const heightPx = 104;
const minuteSeconds = 60;

/** `tone` is the name of a colour in tokens.css. */
function createMinuteChart(name: string, tone: string): MinuteChart {
  const total = make('span', 'value', '–');
  const minuteFigure = make('span', 'aside', '');
  const canvas = make('div', 'chart-canvas');
  // Screen readers get the numbers from the table below the charts.
  canvas.setAttribute('role', 'img');
  const root = make(
    'figure',
    'chart',
    make('figcaption', '', make('span', 'chart-name', name), total, minuteFigure),
    canvas,
  );
  let plot: uPlot | undefined;
  let minutes: readonly number[] = [];
  let counts: readonly number[] = [];

  const color = (token: string): string => getComputedStyle(root).getPropertyValue(`--color-${token}`).trim();

  const showMinute = (index: number): void => {
    const at = minutes[index];
    if (at !== undefined) setText(minuteFigure, `${numberText(counts[index] ?? 0)} at ${minuteText(at * 1000)}`);
  };

  const options = (): uPlot.Options => ({
    width: Math.max(canvas.clientWidth, 120),
    height: heightPx,
    padding: [8, 0, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false }, sync: { key: 'minutes' } },
    scales: {
      // Half a minute more at either end, so that the outer bars are whole.
      x: { range: (_plot, min, max) => [min - minuteSeconds / 2, max + minuteSeconds / 2] },
      y: { range: (_plot, _min, max) => [0, Math.max(max, 4)] },
    },
    axes: [
      {
        stroke: () => color('muted'),
        font: '11px system-ui, sans-serif',
        size: 24,
        space: 60,
        grid: { show: false },
        ticks: { show: false },
        values: (_plot, splits) => splits.map((split) => minuteText(split * 1000)),
      },
      {
        stroke: () => color('muted'),
        font: '11px system-ui, sans-serif',
        size: 40,
        space: 28,
        gap: 4,
        incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6],
        grid: { stroke: () => color('border'), width: 1 },
        ticks: { show: false },
        values: (_plot, splits) => splits.map(axisText),
      },
    ],
    series: [
      {},
      {
        fill: () => color(tone),
        width: 0,
        points: { show: false },
        ...barPaths(),
      },
    ],
    hooks: {
      setCursor: [
        ({ cursor }) => {
          showMinute(cursor.idx ?? minutes.length - 1);
        },
      ],
    },
  });

  return {
    root,
    show(startAt, newCounts) {
      counts = newCounts;
      minutes = newCounts.map((_, index) => startAt / 1000 + index * minuteSeconds);
      const data: uPlot.AlignedData = [[...minutes], [...counts]];
      if (plot === undefined) plot = new uPlot(options(), data, canvas);
      else plot.setData(data);
      const sum = counts.reduce((sumSoFar, count) => sumSoFar + count, 0);
      setText(total, numberText(sum));
      canvas.setAttribute('aria-label', labelOf(name, sum, counts));
      showMinute(plot.cursor.idx ?? minutes.length - 1);
    },
    redraw() {
      plot?.setSize({ width: Math.max(canvas.clientWidth, 120), height: heightPx });
    },
  };
}

function barPaths(): Pick<uPlot.Series, 'paths'> {
  const paths = uPlot.paths.bars?.({ size: [0.7, 24] });
  return paths === undefined ? {} : { paths };
}

function axisText(value: number): string {
  return value >= 1_000 ? `${String(value / 1_000)}k` : String(value);
}

function labelOf(name: string, sum: number, counts: readonly number[]): string {
  const highest = numberText(Math.max(0, ...counts));
  const latest = numberText(counts.at(-1) ?? 0);
  return `${name} per minute: ${numberText(sum)} in the last 60 minutes, at most ${highest} in one, ${latest} in this one`;
}
