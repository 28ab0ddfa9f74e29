import { variants } from '../../bench/variants.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { readResults, runBench } from './run-bench.js';

jest.setTimeout(300_000);

(process.platform === 'linux' ? describe : describe.skip)('the bench', () => {
  const directory = useTempDirectory();

  it('measures every sender, and of ours nothing is lost', async () => {
    const { code, output } = await runBench('--quick', '--only', 'saturated', '--out', directory());
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('written: ') });
    const { saturated } = readResults(directory());
    const expected = variants.filter(({ needsRedis }) => needsRedis !== true).map(({ name }) => name);
    expect(saturated.map(({ name }) => name)).toEqual(expect.arrayContaining(expected));
    const ours = saturated.filter(({ name }) => name.startsWith('ours'));
    expect(ours.flatMap(({ rounds }) => rounds).map(({ lost }) => lost)).toEqual([0, 0, 0, 0, 0]);
  });
});
