import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { readResults, runBench } from './run-bench.js';

jest.setTimeout(300_000);

const oursNames = ['ours', 'ours after-response', 'ours sync normal', 'ours inline', 'ours inline after-response'];

const isLinux = process.platform === 'linux';

describe('the bench', () => {
  const directory = useTempDirectory();

  // That it runs, and that nothing is lost: how long anything takes is no matter for a test. The other senders wait for
  // seconds of their own, so they are in every-sender.audit.ts.
  (isLinux ? it : it.skip)('measures every scenario in its short form, and of ours nothing is lost', async () => {
    const { code, output } = await runBench('--quick', '--variants', oursNames.join(','), '--out', directory());
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('written: ') });
    const results = readResults(directory());
    expect(results.machine.node).toBe(process.version);
    const ours = results.saturated.filter(({ name }) => name.startsWith('ours'));
    expect(ours.map(({ name }) => name)).toEqual(oursNames);
    expect(ours.flatMap(({ rounds }) => rounds).map(({ lost }) => lost)).toEqual([0, 0, 0, 0, 0]);
    expect(results.steady.map(({ name }) => name)).toEqual(['bare', 'ours']);
    expect(results.import.ours.ms).toBeGreaterThan(0);
    expect(results.delivery.ours[0]?.count).toBeGreaterThan(0);
    expect(results.outages).toMatchObject([{ name: 'ours', lost: 0, failures: 0 }]);
    expect(results.pending.map(({ count }) => count)).toEqual([1_000, 10_000]);
    for (const chart of ['main-thread.svg', 'outage.svg']) {
      expect(readFileSync(join(directory(), chart), 'utf8')).toContain('this package');
    }
  });

  (isLinux ? it : it.skip)('measures few requests and single receipts, in their short forms', async () => {
    const { code, output } = await runBench('--quick', '--only', 'few,receipts', '--out', directory());
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('written: ') });
    const { few, receipts } = readResults(directory());
    expect(few.map(({ load }) => load)).toEqual(['1 connections', '200 a second']);
    const ours = few.flatMap(({ comparisons }) => comparisons).filter(({ name }) => name.startsWith('ours'));
    expect(ours.flatMap(({ rounds }) => rounds).map(({ lost }) => lost)).toEqual([0, 0, 0, 0]);
    expect(receipts.map(({ name }) => name)).toEqual(['write and fdatasync', 'ours, in a thread', 'ours, inline']);
    expect(readFileSync(join(directory(), 'concurrency.svg'), 'utf8')).toContain(
      'this package, saved after the response: ',
    );
  });

  it('says what it can do, and what was wrong with its options', async () => {
    expect(await runBench('--help')).toEqual({ code: 0, output: expect.stringContaining('--rounds N') });
    for (const args of [['--fast'], ['--only', 'nothing'], ['--variants', 'theirs'], ['--rounds', '0']]) {
      expect(await runBench(...args)).toEqual({
        code: 2,
        output: expect.stringContaining('Usage: npm run bench'),
      });
    }
  });
});
