import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { useTempDirectory } from '../helpers/temp-directory.js';

jest.setTimeout(300_000);

interface Results {
  readonly machine: { readonly node: string };
  readonly saturated: readonly { readonly name: string; readonly rounds: readonly { readonly lost: number }[] }[];
  readonly steady: readonly { readonly name: string }[];
  readonly delivery: { readonly ours: readonly { readonly count: number }[] };
  readonly outages: readonly { readonly name: string; readonly lost: number; readonly failures: number }[];
  readonly pending: readonly { readonly count: number }[];
}

function runBench(...args: readonly string[]): Promise<{ readonly code: number; readonly output: string }> {
  return new Promise((resolve) => {
    const command = ['--import', 'tsx', join(__dirname, '../../bench/run-bench.ts'), ...args];
    const child = execFile(process.execPath, command, { timeout: 290_000 }, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, output: stdout + stderr });
    });
  });
}

const isLinux = process.platform === 'linux';

describe('the bench', () => {
  const directory = useTempDirectory();

  // That it runs, and that nothing is lost: how long anything takes is no matter for a test.
  (isLinux ? it : it.skip)('measures every scenario in its short form, and of ours nothing is lost', async () => {
    const { code, output } = await runBench('--quick', '--out', directory());
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('written: ') });
    const results = JSON.parse(readFileSync(join(directory(), 'results.json'), 'utf8')) as Results;
    expect(results.machine.node).toBe(process.version);
    const ours = results.saturated.filter(({ name }) => name.startsWith('ours'));
    expect(ours).toHaveLength(5);
    expect(ours.flatMap(({ rounds }) => rounds).map(({ lost }) => lost)).toEqual([0, 0, 0, 0, 0]);
    expect(results.steady.map(({ name }) => name)).toEqual(['bare', 'ours']);
    expect(results.delivery.ours[0]?.count).toBeGreaterThan(0);
    expect(results.outages).toMatchObject([{ name: 'ours', lost: 0, failures: 0 }]);
    expect(results.pending.map(({ count }) => count)).toEqual([1_000, 10_000]);
    for (const chart of ['main-thread.svg', 'outage.svg']) {
      expect(readFileSync(join(directory(), chart), 'utf8')).toContain('ours');
    }
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
