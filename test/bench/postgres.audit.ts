import { useTempDirectory } from '../helpers/temp-directory.js';
import { describeOnOwnPostgres } from '../helpers/use-postgres.js';
import { readResults, runBench } from './run-bench.js';

jest.setTimeout(300_000);

describeOnOwnPostgres('the bench of the outbox in PostgreSQL', () => {
  const directory = useTempDirectory();

  // It ends only once everything has arrived: how long anything takes is no matter for a test.
  (process.platform === 'linux' ? it : it.skip)('measures each of its parts in its short form', async () => {
    const { code, output } = await runBench('--quick', '--only', 'postgres', '--out', directory());
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('written: ') });
    const { transactions, commitToCrm, longTransaction, drains } = readResults(directory()).postgres;
    for (const { ways } of transactions) expect(ways.map(({ name }) => name)).toEqual(['plain', 'second', 'told']);
    expect(commitToCrm).toHaveLength(4);
    expect(commitToCrm.map(({ p50Ms }) => p50Ms).every((delayMs) => delayMs > 0)).toBe(true);
    expect(longTransaction.phases.at(0)?.name).toBe('before');
    expect(longTransaction.phases.at(-1)?.name).toBe('after');
    expect(drains).toMatchObject([
      { outbox: 'file', delivered: 2_000 },
      { outbox: 'postgres', delivered: 2_000 },
    ]);
  });
});
