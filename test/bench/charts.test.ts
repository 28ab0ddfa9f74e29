import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawCharts } from '../../bench/charts.js';
import type { Results } from '../../bench/report.js';
import { useTempDirectory } from '../helpers/temp-directory.js';

const published = join(__dirname, '../../docs/performance');

describe('the charts of docs/performance', () => {
  const directory = useTempDirectory();

  it.each([
    ['few.json', 'concurrency.svg'],
    ['results.json', 'main-thread.svg'],
    ['results.json', 'outage.svg'],
  ])('show the figures of %s as %s', (figures, chart) => {
    drawCharts(JSON.parse(readFileSync(join(published, figures), 'utf8')) as Results, directory());
    expect(readFileSync(join(published, chart), 'utf8')).toBe(readFileSync(join(directory(), chart), 'utf8'));
  });

  it('call each way by words of their own, and give each value its unit', () => {
    const text = (chart: string): string => readFileSync(join(published, chart), 'utf8');
    expect(text('concurrency.svg')).toMatch(/>1,000 µs<[^]*>this package, saved after the response: \d+ → \d+ µs</);
    expect(text('outage.svg')).toContain('>15,000 lost<');
    for (const chart of ['concurrency.svg', 'main-thread.svg', 'outage.svg']) {
      expect(text(chart)).not.toMatch(/>(ours|bare)/);
    }
  });
});
