import uPlot from 'uplot';
import type { CountSeries, Overview, Range } from '../api-contract.js';
import { byId, dayAndTimeText, dayText, make, minuteText, numberText, setText } from './element.js';

const rangeWords: Readonly<Record<Range, { readonly title: string; readonly step: string; readonly inStep: string }>> =
  {
    hour: { title: 'Past hour', step: 'per minute', inStep: 'minute' },
    day: { title: 'Past day', step: 'per 15 minutes', inStep: '15 minutes' },
    week: { title: 'Past week', step: 'per hour', inStep: 'hour' },
  };

/** The charts of what all processes did, and the same numbers as a table. */
export function createCountsSection(): (overview: Pick<Overview, 'counts' | 'targets'>) => void {
  const charts = [
    { chart: createCountChart('Accepted', 'accent'), of: (counts: CountSeries) => counts.accepted },
    { chart: createCountChart('Delivered', 'good'), of: (counts: CountSeries) => counts.delivered },
    { chart: createCountChart('Retried', 'warn'), of: (counts: CountSeries) => counts.retried },
    { chart: createCountChart('Dead', 'bad'), of: (counts: CountSeries) => counts.dead },
  ];
  const section = byId('charts', HTMLElement);
  section.append(...charts.map(({ chart }) => chart.root));
  const title = byId('counts-title', HTMLElement);
  const note = byId('counts-note', HTMLElement);
  const details = byId('counts-details', HTMLDetailsElement);
  const rows = byId('counts-rows', HTMLTableSectionElement);
  let last: CountSeries | undefined;

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
      const head = make('th', '', stepText(shown.startAt + index * shown.stepMs, shown.range));
      head.scope = 'row';
      return make('tr', '', head, ...series.map((values) => make('td', 'number', numberText(values[index] ?? 0))));
    };
    // Newest first.
    rows.replaceChildren(...shown.accepted.map(row).reverse());
  };
  details.addEventListener('toggle', showTable);

  return ({ counts, targets }) => {
    if (counts === null) {
      setText(note, 'cannot be read now');
      return;
    }
    last = counts;
    const words = rangeWords[counts.range];
    setText(title, words.title);
    // A notification to three targets is accepted once, and counts three times.
    setText(note, `${words.step}, of all processes${targets.length > 1 ? ', for each target' : ''}`);
    for (const { chart, of } of charts) chart.show(counts, of(counts));
    showTable();
  };
}

/** When a step began: of a range of days with the day. */
function stepText(at: number, range: Range): string {
  return range === 'week' ? dayAndTimeText(at) : minuteText(at);
}

/** A bar for each step, their sum, and the number of the step under the pointer. */
interface CountChart {
  readonly root: HTMLElement;
  show(series: CountSeries, values: readonly number[]): void;
  /** Call it when the colours or the width have changed. */
  redraw(): void;
}

const heightPx = 104;
const font = '11px system-ui, sans-serif';

/** `tone` is the name of a colour in tokens.css. */
function createCountChart(name: string, tone: string): CountChart {
  const total = make('span', 'value', '–');
  const stepFigure = make('span', 'aside', '');
  const canvas = make('div', 'chart-canvas');
  // Screen readers get the numbers from the table below the charts.
  canvas.setAttribute('role', 'img');
  const root = make(
    'figure',
    'chart',
    make('figcaption', '', make('span', 'chart-name', name), total, stepFigure),
    canvas,
  );
  let plot: uPlot | undefined;
  /** When each step began, in seconds. */
  let starts: readonly number[] = [];
  let values: readonly number[] = [];
  let stepSeconds = 60;
  let range: Range = 'hour';

  const color = (token: string): string => getComputedStyle(root).getPropertyValue(`--color-${token}`).trim();

  const showStep = (index: number): void => {
    const at = starts[index];
    if (at !== undefined) setText(stepFigure, `${numberText(values[index] ?? 0)} at ${stepText(at * 1000, range)}`);
  };

  /** Room for half of the last time below the axis, which may stand at the very end; how long it is depends on the language. */
  const halfTimeWidth = ({ ctx }: uPlot): number => {
    ctx.save();
    ctx.font = font;
    const widths = starts.map((start) => ctx.measureText(axisTimeText(start * 1000, range)).width);
    ctx.restore();
    return Math.ceil(Math.max(0, ...widths) / 2) + 2;
  };

  const options = (): uPlot.Options => ({
    width: Math.max(canvas.clientWidth, 120),
    height: heightPx,
    padding: [8, halfTimeWidth, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false }, sync: { key: 'steps' } },
    scales: {
      // Half a step more at either end, so that the outer bars are whole.
      x: { range: (_plot, min, max) => [min - stepSeconds / 2, max + stepSeconds / 2] },
      y: { range: (_plot, _min, max) => [0, Math.max(max, 4)] },
    },
    axes: [
      {
        stroke: () => color('muted'),
        font,
        size: 24,
        space: 60,
        grid: { show: false },
        ticks: { show: false },
        values: (_plot, splits) => splits.map((split) => axisTimeText(split * 1000, range)),
      },
      {
        stroke: () => color('muted'),
        font,
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
          showStep(cursor.idx ?? starts.length - 1);
        },
      ],
    },
  });

  return {
    root,
    show(series, newValues) {
      values = newValues;
      ({ range } = series);
      stepSeconds = series.stepMs / 1000;
      starts = values.map((_, index) => series.startAt / 1000 + index * stepSeconds);
      const data: uPlot.AlignedData = [[...starts], [...values]];
      if (plot === undefined) plot = new uPlot(options(), data, canvas);
      else plot.setData(data);
      const sum = values.reduce((sumSoFar, count) => sumSoFar + count, 0);
      setText(total, numberText(sum));
      canvas.setAttribute('aria-label', labelOf(name, sum, values, range));
      showStep(plot.cursor.idx ?? starts.length - 1);
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

function axisTimeText(at: number, range: Range): string {
  return range === 'week' ? dayText(at) : minuteText(at);
}

function labelOf(name: string, sum: number, values: readonly number[], range: Range): string {
  const { title, step, inStep } = rangeWords[range];
  const highest = numberText(Math.max(0, ...values));
  const latest = numberText(values.at(-1) ?? 0);
  return `${name} ${step}: ${numberText(sum)} in the ${title.toLowerCase()}, at most ${highest} in one ${inStep}, ${latest} in the latest`;
}
