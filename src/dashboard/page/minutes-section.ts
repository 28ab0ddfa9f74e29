import type { MinuteSeries } from '../api-contract.js';
import { byId, make } from './element.js';
import { minuteText, numberText } from './format.js';
import { createMinuteChart } from './minute-chart.js';

/** The charts, and the same figures as a table for whoever prefers or needs it. */
export function createMinutesSection(): (minutes: MinuteSeries) => void {
  const charts = [
    { chart: createMinuteChart('Accepted', 'accent'), of: (minutes: MinuteSeries) => minutes.accepted },
    { chart: createMinuteChart('Delivered', 'good'), of: (minutes: MinuteSeries) => minutes.delivered },
    { chart: createMinuteChart('Tried again', 'warn'), of: (minutes: MinuteSeries) => minutes.retried },
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
  // What is drawn on a canvas does not follow the style sheet by itself.
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
    // The latest first.
    rows.replaceChildren(...shown.accepted.map(row).reverse());
  };
  details.addEventListener('toggle', showTable);

  return (minutes) => {
    last = minutes;
    for (const { chart, of } of charts) chart.show(minutes.startAt, of(minutes));
    showTable();
  };
}
