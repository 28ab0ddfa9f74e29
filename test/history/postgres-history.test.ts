import { createPostgresHistory } from '../../src/history/postgres-history.js';
import { openPostgresTables, type PostgresTables } from '../helpers/postgres-tables.js';
import { sampleAt } from '../helpers/sample-notification.js';
import { describeOnPostgres, usePostgres } from '../helpers/use-postgres.js';
import { historyContract, keptDelivered } from './history-contract.js';
import { typesContract } from './types-contract.js';

const unknownId = '01a20bb3-6f81-71fc-be53-33f9f0e71da1';

describeOnPostgres('the history of an outbox in PostgreSQL', () => {
  const createDatabase = usePostgres();
  let stored: PostgresTables;
  beforeEach(async () => {
    stored = await openPostgresTables(await createDatabase());
  });
  const open = (processId = unknownId) =>
    createPostgresHistory({
      ...{ run: stored.run, tables: stored.tables, processId, keptDelivered },
      now: () => Date.now(),
      onReported: () => undefined,
    });

  historyContract(() => Promise.resolve(open()));
  typesContract(
    () => Promise.resolve(open()),
    async () => Number((await stored.run(`SELECT count(*) FROM ${stored.tables.types}`))[0]?.['count']),
  );
  // After the contract's own, which uses them.
  afterEach(() => stored.close());

  it('names the processes that use it, in the order of their start, and which leads', async () => {
    const { processes, state } = stored.tables;
    const history = open();
    const [first, second, gone] = [1, 2, 3].map((digit) => unknownId.slice(0, -1) + String(digit));
    await stored.run(
      `INSERT INTO ${processes} (id, name, pid, started_at, seen_at) VALUES
         ($1, 'web-2', 22, '2026-11-24T01:02:04Z', clock_timestamp()),
         ($2, 'web-1', 11, '2026-11-24T01:02:03.004Z', clock_timestamp()),
         ($3, 'web-0', 10, '2026-11-24T01:02:01Z', clock_timestamp() - interval '16 seconds')`,
      [second, first, gone],
    );
    const leads = async (leader: string, forSeconds: number): Promise<void> => {
      const until = `clock_timestamp() + $2 * interval '1 second'`;
      await stored.run(`UPDATE ${state} SET leader = $1, leads_until = ${until}`, [leader, forSeconds]);
    };
    const leaders = async (): Promise<unknown> => (await history.processes()).map(({ isLeader }) => isLeader);
    expect(await leaders()).toEqual([false, false]);
    await leads(second!, 60);
    expect(await history.processes()).toEqual([
      {
        id: first,
        name: 'web-1',
        pid: 11,
        startedAt: sampleAt,
        seenAt: expect.any(Number),
        isLeader: false,
        targets: {},
      },
      {
        id: second,
        name: 'web-2',
        pid: 22,
        startedAt: sampleAt + 996,
        seenAt: expect.any(Number),
        isLeader: true,
        targets: {},
      },
    ]);
    await leads(second!, -1);
    expect(await leaders()).toEqual([false, false]);
  });
});
