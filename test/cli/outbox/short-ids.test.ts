import { preparedNotifications } from '../../helpers/prepared-outbox.js';
import { sampleNotification } from '../../helpers/sample-notification.js';
import { describeOnPostgres } from '../../helpers/use-postgres.js';
import { useOutboxCli, usePostgresCli, type OutboxCli } from './outbox-cli.js';

const [one, two, three] = [
  '01a20bb3-6f81-71fc-be53-33f9f0e71da1',
  '01a20bb3-6f81-71fc-be53-4711f0e71da2',
  '01b30bb3-6f81-71fc-be53-33f9f0e71da3',
] as const;

/** Returns a function that puts pending notifications into the outbox; those of `dead` die. */
const preparing =
  ({ fill }: OutboxCli) =>
  (ids: readonly string[], dead?: readonly string[]): Promise<void> =>
    fill(
      ids.map((id) => sampleNotification({ id })),
      dead,
    );

function describeShortIds(cli: OutboxCli): void {
  const { name, fill, run, objects, idsFrom } = cli;
  const prepare = preparing(cli);

  it.each([
    ['the end', '1da2', two],
    ['the last part', '4711f0e71da2', two],
    ['the end in capitals', '4711F0E71DA2', two],
    ['the beginning', '01b3', three],
    ['more of the beginning', '01a20bb3-6f81-71fc-be53-4', two],
  ])('F24: show finds an id by %s, pending or dead', async (_what, part, id) => {
    await prepare([one, two, three], [three]);
    expect(await objects('show', part)).toMatchObject([{ id, state: id === three ? 'dead' : 'pending' }]);
  });

  it.each([
    ['show', '01a2', [one, two]],
    ['redeliver', '01a20bb3-6f81', [one, two]],
    ['discard', '01a2', [one, two]],
  ])('F24: %s %s names the ids it could be, and changes nothing', async (command, part, ids) => {
    await prepare([one, two, three], [one, three]);
    const before = await objects('stats');
    const end = await run([command, ...(command === 'discard' ? [three] : []), part, '--json']);
    expect(end.code).toBe(1);
    const { error } = JSON.parse(end.stdout) as { error: { code: string; message: string } };
    expect(error.code).toBe('ERR_AMBIGUOUS_ID');
    for (const id of ids) expect(error.message).toContain(id);
    expect(error.message).not.toContain(three);
    const [{ pending, dead }] = before as [Record<string, unknown>];
    expect(await objects('stats')).toMatchObject([{ pending, dead }]);
  });

  it('F24: redeliver and discard take several, each once', async () => {
    await prepare([one, two, three], [one, two]);
    expect(await objects('redeliver', '1da1', one, '01a20bb3-6f81-71fc-be53-3')).toEqual([
      { redelivered: 1, missing: [] },
    ]);
    expect(await objects('discard', '1da2')).toEqual([{ discarded: 1, missing: [] }]);
    // What the outbox no longer holds is known still.
    expect(await objects('show', '1DA2')).toMatchObject([
      { id: two, timeline: [{ kind: 'accepted' }, { kind: 'discarded' }] },
    ]);
    const end = await run(['discard', '1da3', 'abcd']);
    expect(end).toMatchObject({ code: 1, stdout: 'Discarded 0 dead letters.\n' });
    expect(end.stderr).toContain(`${three} is not a dead letter`);
    expect(end.stderr).toContain('abcd is not a dead letter');
    expect((await run(['show', 'abcd'])).stderr).toContain(`abcd is not in ${name()}`);
  });

  it('F24: an id of several targets is one id', async () => {
    const notifications = preparedNotifications(1, ['crm', 'other']);
    await fill(notifications);
    expect(await objects('show', notifications[0]!.id.slice(-12))).toMatchObject([
      { target: 'crm' },
      { target: 'other' },
    ]);
  });

  it('F24: list prints what the other commands take', async () => {
    const notifications = await cli.prepare({ count: 3, deadCount: 2 });
    for (const [args, from, to] of [
      [['list', '--dead'], 0, 2],
      [['list'], 2, 5],
    ] as const) {
      const { stdout } = await run(args);
      const shown = stdout
        .trim()
        .split('\n')
        .slice(1)
        .map((line) => line.split(' ')[0]!);
      const ids = notifications.slice(from, to).map(({ id }) => id);
      expect([...shown].sort()).toEqual(ids.map((id) => id.slice(-12)).sort());
      for (const part of shown)
        expect(await objects('show', part)).toMatchObject([{ id: ids.find((id) => id.endsWith(part)) }]);
    }
    expect(await idsFrom('list')).toEqual(notifications.slice(2).map(({ id }) => id));
  });

  it('F24: list prints whole ids where the last parts are the same', async () => {
    const twin = one.replace('01a2', '01c4');
    await prepare([one, two, twin]);
    const { stdout } = await run(['list']);
    const shown = stdout
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split(' ')[0]!);
    expect(shown).toEqual([one, '4711f0e71da2', twin]);
  });
}

describe('F24: shortened ids, on disk', () => {
  const cli = useOutboxCli();
  describeShortIds(cli);
  const prepare = preparing(cli);
  const { run, objects } = cli;

  it('F24: names at most ten ids', async () => {
    await prepare(Array.from({ length: 15 }, (_, index) => `booking-${String(index)}`));
    const end = await run(['show', 'booking-']);
    expect(end.code).toBe(1);
    expect(end.stderr).toContain('and more. Give more of it');
    expect(end.stderr.match(/booking-\d/g)).toHaveLength(10);
  });

  it('F24: a whole id is that one, even if others begin or end with it', async () => {
    await prepare(['Order-1', 'Order-10', 'x-Order-1', 'ABCD-%', 'abcd%']);
    expect(await objects('show', 'Order-1')).toMatchObject([{ id: 'Order-1' }]);
    expect(await objects('show', 'Order-10')).toMatchObject([{ id: 'Order-10' }]);
    expect(await objects('show', 'ABCD')).toMatchObject([{ id: 'ABCD-%' }]);
    expect((await run(['show', 'ord'])).code).toBe(2);
    expect((await run(['show', 'Ord_'])).code).toBe(1);
  });

  it('F24: list prints ids of the app whole', async () => {
    await prepare(['order-1']);
    expect((await run(['list'])).stdout).toMatch(/\norder-1 /);
  });
});

describeOnPostgres('F24: shortened ids, in PostgreSQL', () => {
  const cli = usePostgresCli();
  describeShortIds(cli);

  it('F24: names at most ten ids', async () => {
    const ids = Array.from({ length: 15 }, (_, index) => one.slice(0, -2) + String(index + 10));
    await preparing(cli)(ids, ids.slice(0, 7));
    const end = await cli.run(['show', one.slice(0, 8)]);
    expect(end.code).toBe(1);
    expect(end.stderr).toContain('and more. Give more of it');
    expect(end.stderr.match(/01a20bb3-6f81/g)).toHaveLength(10);
  });
});
