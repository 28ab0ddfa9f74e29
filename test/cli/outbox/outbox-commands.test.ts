import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deliveredOf } from '../../history/history-contract.js';
import { modeOf } from '../../helpers/prepared-outbox.js';
import { sampleNotification } from '../../helpers/sample-notification.js';
import { reply } from '../../helpers/scripted-crm.js';
import { useCrm } from '../../helpers/use-crm.js';
import { describeOnPostgres } from '../../helpers/use-postgres.js';
import { objectsIn } from '../cli-program.js';
import { runInProcess } from '../in-process.js';
import { leading, unknownId, useOutboxCli, usePostgresCli, type OutboxCli } from './outbox-cli.js';

describe('crm-notifier outbox, on disk', () => {
  describeCommands(useOutboxCli());
});

describeOnPostgres('crm-notifier outbox, in PostgreSQL', () => {
  describeCommands(usePostgresCli());
});

function describeCommands({ directory, place, name, fill, report, prepare, run, objects, idsFrom }: OutboxCli): void {
  const startCrm = useCrm();

  it('stats prints the counts', async () => {
    await prepare({ count: 30, deadCount: 3 });
    const counts = { outbox: name(), pending: 30, dead: 3, oldestAgeMs: expect.any(Number) };
    expect(await objects('stats')).toMatchObject([{ ...counts, pendingBytes: expect.any(Number) }]);
    const { stdout } = await run(['stats']);
    expect(stdout).toMatch(/^outbox {3}.*\npending {2}30 \(\d+ bytes, the oldest for \d+ \w+\)\ndead {5}3\n/);
  });

  it('pause and resume change what stats shows, and refuse a target that is unknown', async () => {
    await fill([sampleNotification(), sampleNotification({ target: 'sales' })]);
    expect((await run(['pause', '--target', 'sales', '--by', 'ada'])).stdout).toBe('Delivery to sales is paused.\n');
    expect((await run(['pause', '--target', 'sales'])).stdout).toBe('Delivery to sales was paused already, by ada.\n');
    const unknown = await run(['pause', '--target', 'slaes']);
    expect(unknown).toMatchObject({ code: 1, stdout: '' });
    expect(unknown.stderr).toContain('has no target slaes. Those known are crm, sales');
    expect((await run(['resume', '--by', '\n'])).code).toBe(2);
    const sales = { by: 'ada', since: expect.stringMatching(/Z$/) };
    expect(await objects('stats')).toMatchObject([{ pausedByHand: { all: null, targets: { crm: null, sales } } }]);
    expect((await run(['stats'])).stdout).toMatch(/\npaused {3}sales by ada, for \d seconds?\n/);
    expect(await objects('pause')).toEqual([{ target: null, paused: true }]);
    expect(await objects('resume', '--target', 'sales')).toEqual([{ target: 'sales', resumed: true }]);
    expect((await run(['stats'])).stdout).toMatch(/\npaused {3}all targets but sales by hand, for \d seconds?\n/);
    expect((await run(['resume'])).stdout).toBe('Delivery to all targets is resumed.\n');
    expect((await run(['resume'])).stdout).toBe('Delivery to all targets was not paused.\n');
    expect((await run(['stats'])).stdout).not.toContain('paused');
  });

  it('list prints pending notifications oldest first and dead letters newest first', async () => {
    const notifications = await prepare({ count: 600, deadCount: 3 });
    const ids = notifications.map(({ id }) => id);
    expect(await idsFrom('list', '--limit', '1000')).toEqual(ids.slice(3));
    expect(await idsFrom('list', '--dead')).toEqual(ids.slice(0, 3).reverse());
    expect(await idsFrom('list', '--dead', '--limit', '2')).toEqual(ids.slice(1, 3).reverse());
    expect(await idsFrom('list', '--search', ids[9]!.toUpperCase())).toEqual([ids[9]]);
    expect(await idsFrom('list', '--search', 'BOOKING:7')).toHaveLength(30);
    expect(await idsFrom('list', '--dead', '--search', '422')).toHaveLength(3);
    const end = await run(['list']);
    expect(end.stdout.split('\n')).toHaveLength(52);
    // Lanes are of twenty, so the first of each is due, and the others wait for it.
    expect(end.stdout.match(/due$/gm)).toHaveLength(20);
    expect(end.stdout.match(/after the one before it in its lane$/gm)).toHaveLength(30);
    expect(end.stdout).toMatch(/^ID +TYPE +LANE +ATTEMPTS +ACCEPTED +NEXT ATTEMPT\n/);
    const [, cursor = ''] = /^There are more than these 50\. .* --after (pending:\d+); .*\n$/.exec(end.stderr) ?? [];
    expect(await idsFrom('list', '--after', cursor, '--limit', '1000')).toEqual(ids.slice(53));
    const pageByPage = async (kind: string, ...args: string[]): Promise<unknown[]> => {
      const listed: unknown[] = [];
      for (let after: string[] = []; ;) {
        const page = await objects('list', ...args, ...after);
        if (page.length === 0) return listed;
        listed.push(...page.map(({ id }) => id));
        after = ['--after', String(page.at(-1)!['cursor'])];
        expect(after[1]).toMatch(new RegExp(`^${kind}:\\d+$`));
      }
    };
    expect(await pageByPage('pending', '--limit', '250', '--search', 'booking:7')).toEqual(
      await idsFrom('list', '--search', 'booking:7'),
    );
    expect(await pageByPage('dead', '--dead', '--limit', '2')).toEqual(ids.slice(0, 3).reverse());
    expect((await run(['list', '--dead', '--after', 'dead:0'])).stderr).toBe('No more dead letters.\n');
    const ofOther = await run(['list', '--after', 'dead:1']);
    expect(ofOther).toMatchObject({ code: 2, stdout: '' });
    expect(ofOther.stderr).toContain('--after dead:1 is of another list: add --dead');
    expect((await run(['list', '--after', '1'])).code).toBe(2);
    expect((await run(['list', '--search', 'nothing like it'])).stderr).toContain(
      'No pending notifications match this',
    );
  });

  it('show prints everything but the body, and with --body that too', async () => {
    const notifications = await prepare({ count: 1, deadCount: 1 });
    const [dead, pending] = notifications.map(({ id }) => id) as [string, string];
    expect(await objects('show', pending)).toMatchObject([{ state: 'pending', id: pending, lane: 'booking:1' }]);
    expect((await run(['show', pending])).stdout).not.toContain('xxx');
    expect(await objects('show', dead.toUpperCase(), '--body')).toMatchObject([
      { state: 'dead', id: dead, reason: { kind: 'rejected', status: 422, detail: 'no' }, body: { index: 0 } },
    ]);
    const shown = await run(['show', dead, '--body']);
    expect(shown.stdout).toMatch(/^state +dead\n/);
    expect(shown.stdout).toContain('"index": 0,');
    const none = await run(['show', unknownId, '--json']);
    expect(none).toMatchObject({ code: 1 });
    expect(JSON.parse(none.stdout)).toMatchObject({ error: { code: 'ERR_NOT_FOUND' } });
  });

  it('show prints what happened to one, also who redelivered or discarded it', async () => {
    const notifications = await prepare({ count: 1, deadCount: 2 });
    const [first, second] = notifications.map(({ id }) => id) as [string, string];
    await run(['redeliver', first]);
    await run(['discard', second]);
    const by = 'the command line';
    const at: unknown = expect.stringMatching(/^20.*Z$/);
    expect(await objects('show', first)).toMatchObject([
      {
        state: 'pending',
        timeline: [
          { kind: 'accepted', at },
          { kind: 'redelivered', by, at },
        ],
      },
    ]);
    const { stdout } = await run(['show', first]);
    expect(stdout).toMatch(
      /\n\S+Z {2}accepted\n\S+Z {2}redelivered by the command line\nIn its lane 0 wait before it, and 0 after/,
    );
    expect(await objects('show', second)).toMatchObject([
      { state: 'discarded', target: 'crm', timeline: [{ kind: 'accepted' }, { kind: 'discarded', by }] },
    ]);
  });

  it('redeliver makes dead letters pending and names those it does not find', async () => {
    const notifications = await prepare({ count: 1, deadCount: 4 });
    const [first, second] = notifications.map(({ id }) => id) as [string, string];
    expect(await objects('redeliver', first, first)).toEqual([{ redelivered: 1, missing: [] }]);
    const end = await run(['redeliver', first, second]);
    expect(end).toMatchObject({ code: 1, stdout: '1 dead letter is pending again.\n' });
    expect(end.stderr).toContain(`${first} is not a dead letter in ${name()}`);
    expect(await objects('redeliver', '--all', '--yes')).toEqual([{ redelivered: 2, missing: [] }]);
    expect(await objects('stats')).toMatchObject([{ pending: 5, dead: 0 }]);
    expect((await idsFrom('list')).at(-1)).toBe(notifications[3]!.id);
    expect(await objects('redeliver', '--all')).toEqual([{ redelivered: 0, missing: [] }]);
  });

  it('discard removes dead letters, never pending notifications', async () => {
    const notifications = await prepare({ count: 2, deadCount: 4 });
    const ids = notifications.map(({ id }) => id);
    expect(await objects('discard', ids[0]!)).toEqual([{ discarded: 1, missing: [] }]);
    expect((await run(['discard', ids[5]!])).code).toBe(1);
    expect(await objects('discard', '--all', '--search', ids[1]!, '--yes')).toEqual([{ discarded: 1, missing: [] }]);
    expect(await objects('discard', '--all', '--yes')).toEqual([{ discarded: 2, missing: [] }]);
    expect(await objects('stats')).toMatchObject([{ pending: 2, dead: 0 }]);
  });

  it.each(['redeliver', 'discard'])(
    '%s --all stops between its transactions when interrupted (case 63)',
    async (command) => {
      await prepare({ count: 1, deadCount: 3 });
      const end = await run([command, '--all', '--yes'], { stop: AbortSignal.abort('SIGINT') });
      expect(end).toMatchObject({ code: 130, stdout: '' });
      expect(end.stderr).toContain('0 dead letters');
      expect(await objects('stats')).toMatchObject([{ pending: 1, dead: 3 }]);
    },
  );

  it('redelivers only those with a text', async () => {
    const notifications = await prepare({ count: 0, deadCount: 3 });
    const { id } = notifications[1]!;
    expect(await objects('redeliver', '--all', '--search', id, '--yes')).toEqual([{ redelivered: 1, missing: [] }]);
    expect(await objects('list')).toMatchObject([{ target: 'crm', id }]);
    expect(await run(['redeliver', '--search', id, id])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--search needs --all'),
    });
  });

  it('show and list print what a reply says; --json has it as it came', async () => {
    const said = '{"error":{"message":"no such user"}}';
    const crm = await startCrm(reply(422, said));
    const { id } = (await prepare({ count: 1, deadCount: 0 }))[0]!;
    await runInProcess(['deliver', '--outbox', place(), '--base-url', crm.url]);
    expect((await run(['show', id])).stdout).toMatch(/Z {2}dead after 1 attempt: 422 rejected: no such user\n/);
    expect((await run(['list', '--dead'])).stdout).toMatch(/ rejected 422 no such user\n/);
    expect((await run(['stats'])).stdout).toMatch(/ rejected 422 no such user\n/);
    expect(await objects('list', '--dead')).toMatchObject([{ id, reason: { detail: said } }]);
  });

  it('list prints what was delivered, as long as that is kept', async () => {
    const crm = await startCrm();
    const ids = (await prepare({ count: 3, deadCount: 1 })).map(({ id }) => id);
    expect(await run(['list', '--delivered'])).toMatchObject({
      ...{ code: 0, stdout: '', stderr: 'No delivered notifications.\n' },
    });
    await runInProcess(['deliver', '--outbox', place(), '--base-url', crm.url]);
    const delivered = await objects('list', '--delivered', '--target', 'crm');
    expect(delivered.map(({ id }) => id).sort()).toEqual(ids.slice(1).sort());
    const [newest] = delivered;
    expect(newest).toMatchObject({ state: 'delivered', attempts: 1, status: 200, durationMs: expect.any(Number) });
    expect(await idsFrom('list', '--delivered', '--limit', '1')).toEqual([newest?.['id']]);
    const older = await idsFrom('list', '--delivered', '--after', String(newest?.['cursor']));
    expect(older).toEqual(delivered.slice(1).map(({ id }) => id));
    expect(await idsFrom('list', '--delivered', '--to', '2001-01-01')).toEqual([]);
    const { stdout } = await run(['list', '--delivered', '--search', String(newest?.['id'])]);
    expect(stdout).toMatch(
      /^ID +TYPE +LANE +ATTEMPTS +DELIVERED +STATUS +TOOK\n\S+ .* 200 +(\d+ ms|[1-9]\d* seconds?)\n$/,
    );
    expect((await run(['list', '--delivered', '--attempts', 'some'])).code).toBe(2);
    expect((await run(['list', '--delivered', '--dead'])).code).toBe(2);
  });

  it('list, export, redeliver and discard those that match exactly, and stats says what they died of', async () => {
    const notifications = [
      ...['booking_created', 'booking_updated'].map((type) => sampleNotification({ type })),
      sampleNotification({ lane: 'booking:7' }),
    ];
    const [first, second, third] = notifications.map(({ id }) => id) as [string, string, string];
    await fill(notifications, [first, second]);
    expect(await idsFrom('list', '--dead', '--type', 'booking_updated')).toEqual([second]);
    expect(await idsFrom('list', '--lane', 'booking:7')).toEqual([third]);
    expect(await idsFrom('list', '--type', 'booking_updated')).toEqual([]);
    expect(await idsFrom('list', '--dead', '--status', '500')).toEqual([]);
    expect((await run(['list', '--status', '422'])).stderr).toContain('--reason and --status need --dead');
    expect((await run(['list', '--dead', '--attempts', 'some'])).stderr).toContain('--attempts is for pending');
    expect((await run(['list', '--dead', '--pending'])).stderr).toContain("option '--pending' cannot be used with");
    expect(await idsFrom('list', '--pending', '--attempts', 'none')).toEqual([third]);
    expect(await idsFrom('list', '--pending', '--attempts', 'some')).toEqual([]);
    expect(await idsFrom('list', '--dead', '--to', '2001-01-01')).toEqual([]);
    expect(await idsFrom('list', '--dead', '--from', '2001-01-01T00:00:00Z')).toHaveLength(2);
    expect((await run(['list', '--from', 'soon'])).stderr).toContain('Give an instant such as');
    expect((await run(['list', '--dead', '--reason', 'bad'])).stderr).toContain('Give one of rejected, redirect');
    const [shown] = await objects('stats');
    expect(shown).toMatchObject({
      deadGroups: [
        { count: 1, status: 422 },
        { count: 1, reason: 'rejected' },
      ],
    });
    expect((await run(['stats'])).stdout).toMatch(
      /\nDEAD +TARGET +TYPE +REASON\n1 +crm +booking_\w+ +rejected 422 no\n/,
    );
    const asked = await run(['discard', '--all', '--type', 'booking_updated'], { isTerminal: true, input: 'n\n' });
    expect(asked.stderr).toContain('with type "booking_updated"? [y/N]');
    expect(await objects('redeliver', '--all', '--status', '422', '--type', 'booking_created', '--yes')).toEqual([
      { redelivered: 1, missing: [] },
    ]);
    expect(await objects('discard', '--all', '--reason', 'rejected', '--yes')).toEqual([{ discarded: 1, missing: [] }]);
    const exported = objectsIn({ ...(await run(['export', '--type', 'booking_created'])), signal: null });
    expect(exported.map(({ id }) => id).sort()).toEqual([first, third].sort());
  });

  it('list and try say what one waits for, and what to do', async () => {
    const [first, second, dead] = ['booking:1', 'booking:1', 'booking:2'].map((lane) => sampleNotification({ lane }));
    const sales = { ...sampleNotification({ lane: 'booking:3' }), target: 'sales' };
    const forBoth = { ...dead!, target: 'sales' };
    const gone = deliveredOf({ id: unknownId });
    await fill([first!, second!, dead!, sales, forBoth], [dead!.id]);
    const pause = { cause: { kind: 'unreachable', code: 'ECONNREFUSED' }, since: Date.now() } as const;
    await report({
      process: { ...leading, targets: { crm: { circuit: 'open', pause } } },
      delivered: [gone],
    });
    const nextAttempts = async (): Promise<unknown> =>
      (await run(['list'])).stdout
        .trim()
        .split('\n')
        .map((line) => line.split(/ ago +/)[1]);
    const behind = 'after the one before it in its lane';
    const nobody = 'waits for target sales, which no process delivers to';
    expect(await nextAttempts()).toEqual([undefined, 'when delivery goes on', behind, nobody]);
    const fail = async (...args: string[]): Promise<unknown> => {
      const { stdout, code } = await run(['try', ...args, '--json']);
      expect(code).toBe(1);
      return (JSON.parse(stdout) as { readonly error: unknown }).error;
    };
    expect(await fail(second!.id)).toEqual({
      code: 'ERR_NOT_FIRST',
      message: `1 waits before ${second!.id} in its lane; try the first one of the lane: crm-notifier outbox try ${first!.id}`,
    });
    expect(await fail(dead!.id)).toEqual({
      code: 'ERR_DEAD_LETTER',
      message: `${dead!.id} is a dead letter; to deliver it, run: crm-notifier outbox redeliver ${dead!.id}`,
    });
    expect(await fail(dead!.id, '--target', 'sales')).toMatchObject({
      message: expect.stringMatching(/to deliver it to sales, run: .* --target sales$/),
    });
    const unknown =
      'no process delivers to the target sales: configure it under that name in the process that delivers';
    expect(await fail(sales.id)).toEqual({ code: 'ERR_UNKNOWN_TARGET', message: `${unknown} and restart that one` });
    expect(await fail(gone.id)).toMatchObject({
      ...{ code: 'ERR_NOT_FOUND', message: expect.stringContaining('was delivered already; see crm-notifier outbox') },
    });
    expect(await fail(gone.id.replaceAll('3', '4'))).toMatchObject({ code: 'ERR_NOT_FOUND' });
    expect(await fail(first!.id, '--target', 'sales')).toMatchObject({
      message: expect.stringMatching(/: it is not for sales, but for crm$/),
    });
    await run(['pause', '--by', 'ada', '--target', 'crm']);
    expect(await nextAttempts()).toEqual([undefined, 'paused by hand (ada)', behind, nobody]);
    await run(['pause', '--by', 'bob']);
    expect(await fail(first!.id)).toMatchObject({ code: 'ERR_PAUSED' });
  });

  describe('of several targets', () => {
    const notifications = ['crm', 'sales'].map((target) => sampleNotification({ target }));
    const [ofCrm, ofSales] = notifications.map(({ id }) => id) as [string, string];

    it('stats, list and export tell one from the other', async () => {
      await fill(notifications);
      const counts = { pending: 1, dead: 0, pendingBytes: expect.any(Number), oldestAgeMs: expect.any(Number) };
      expect(await objects('stats')).toMatchObject([{ pending: 2, targets: { crm: counts, sales: counts } }]);
      expect((await run(['stats'])).stdout).toMatch(/\nTARGET +PENDING +OLDEST +DEAD\ncrm +1 .*\nsales +1 /);
      expect((await run(['list'])).stdout).toMatch(/^ID +TARGET +TYPE.*\n\S+ +crm .*\n\S+ +sales /);
      expect(await idsFrom('list', '--target', 'sales')).toEqual([ofSales]);
      expect((await run(['list', '--target', 'nobody'])).stderr).toBe(
        'No pending notifications match this. The target nobody is not known; those known are crm, sales.\n',
      );
      expect((await run(['list', '--dead', '--target', 'sales'])).stderr).toBe('No dead letters match this.\n');
      const exported = objectsIn({ ...(await run(['export', '--target', 'crm'])), signal: null });
      expect(exported).toMatchObject([{ id: ofCrm, target: 'crm' }]);
    });

    it('redeliver and discard change the dead letters of one', async () => {
      await fill(notifications, [ofCrm, ofSales]);
      expect(await idsFrom('list', '--dead', '--target', 'sales')).toEqual([ofSales]);
      const missed = await run(['discard', ofCrm, '--target', 'sales']);
      expect(missed).toMatchObject({ code: 1, stderr: expect.stringContaining('is not a dead letter for sales in') });
      const asked = await run(['redeliver', '--all', '--target', 'sales'], { isTerminal: true, input: 'n\n' });
      expect(asked.stderr).toContain(`Redeliver 1 dead letter in ${name()} with target "sales"? [y/N]`);
      expect(await objects('redeliver', '--all', '--target', 'sales', '--yes')).toEqual([
        { redelivered: 1, missing: [] },
      ]);
      expect(await objects('discard', ofCrm, '--target', 'crm')).toEqual([{ discarded: 1, missing: [] }]);
      expect(await objects('stats')).toMatchObject([{ pending: 1, dead: 0 }]);
    });
  });

  describe('on a terminal', () => {
    it.each([
      ['y\n', 0, 2],
      ['YES\n', 0, 2],
      ['\n', 1, 0],
      ['n\n', 1, 0],
      ['', 1, 0],
    ])('--all asks for confirmation; after %j the exit code is %i', async (input, code, redelivered) => {
      await prepare({ count: 1, deadCount: 2 });
      const end = await run(['redeliver', '--all'], { isTerminal: true, input });
      expect(end.code).toBe(code);
      expect(end.stderr).toContain(`Redeliver all 2 dead letters in ${name()}? [y/N]`);
      expect(await objects('stats')).toMatchObject([{ pending: 1 + redelivered, dead: 2 - redelivered }]);
    });
  });

  describe('export', () => {
    it('prints whole notifications, and warns on standard error of personal data', async () => {
      const notifications = await prepare({ count: 700, deadCount: 3 });
      const end = await run(['export']);
      expect(end.code).toBe(0);
      expect(end.stderr).toMatch(/^The export holds personal data.*\n700 exported\.\n$/);
      const exported = objectsIn({ ...end, signal: null });
      expect(exported.map(({ id }) => id)).toEqual(notifications.slice(3).map(({ id }) => id));
      expect(exported.map(({ body }) => JSON.stringify(body))).toEqual(
        notifications.slice(3).map(({ body }) => Buffer.from(body).toString()),
      );
      const dead = objectsIn({ ...(await run(['export', '--dead'])), signal: null });
      expect(dead.map(({ body }) => body)).toMatchObject([{ index: 2 }, { index: 1 }, { index: 0 }]);
    });

    it('prints CSV for a spreadsheet, without bodies, harmless even if the data is not', async () => {
      const notifications = ['=1+1', 'user:1'].map((lane) => sampleNotification({ lane }));
      await fill(notifications, [notifications[1]!.id], { kind: 'rejected', status: 422, detail: 'no "user",\n-1' });
      const pending = await run(['export', '--format', 'csv']);
      expect(pending).toMatchObject({ code: 0, stderr: '1 exported.\n' });
      const [header, row, rest] = pending.stdout.split('\r\n');
      expect(header).toBe('state,target,id,type,lane,occurredAt,acceptedAt,attempts,nextAttemptAt,traceparent');
      expect(row).toMatch(
        new RegExp(`^pending,crm,${notifications[0]!.id},booking_created,'=1\\+1,[^,]*Z,[^,]*Z,0,,$`),
      );
      expect(rest).toBe('');
      const file = join(directory(), 'dead.csv');
      await run(['export', '--dead', '--format', 'csv', '--file', file]);
      expect(readFileSync(file, 'utf8')).toMatch(/,1,rejected,422,"no ""user"",\n-1"\r\n$/);
      expect(await run(['export', '--format', 'csv', '--json'])).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('leave out --json'),
      });
    });

    it('prints what was delivered, newest first and page by page, as JSON and as CSV', async () => {
      await fill([]);
      const deliveredAt = Date.parse('2026-11-24T01:02:03.004Z');
      const delivered = Array.from({ length: 1_001 }, (_, index) =>
        deliveredOf({ lane: `booking:${String(index)}`, target: index === 7 ? '=sales' : 'crm', deliveredAt }),
      );
      await report({ delivered });
      const end = await run(['export', '--delivered']);
      expect(end).toMatchObject({ code: 0, stderr: '1001 exported.\n' });
      const exported = objectsIn({ ...end, signal: null });
      expect(exported.map(({ lane }) => lane)).toEqual(delivered.map(({ lane }) => lane).reverse());
      const lane = 'booking:7';
      expect(exported[993]).toEqual({
        ...{
          state: 'delivered',
          id: unknownId,
          target: '=sales',
          type: 'booking_created',
          lane,
          attempts: 1,
          status: 200,
        },
        ...{ durationMs: 2.5, acceptedAt: expect.any(String), deliveredAt: '2026-11-24T01:02:03.004Z' },
      });
      const csv = await run(['export', '--delivered', '--format', 'csv', '--target', '=sales', '--from', '2026-11-24']);
      expect(csv.stderr).toBe('1 exported.\n');
      expect(csv.stdout).toMatch(
        /^state,target,id,type,lane,acceptedAt,deliveredAt,attempts,status,durationMs\r\ndelivered,'=sales,.*,1,200,2\.5\r\n$/,
      );
      const none = { code: 0, stdout: '', stderr: '0 exported.\n' };
      expect(await run(['export', '--delivered', '--lane', lane, '--to', '2026-11-24'])).toMatchObject(none);
      expect((await run(['export', '--delivered', '--dead'])).code).toBe(2);
      expect((await run(['export', '--delivered', '--status', '200'])).code).toBe(2);
    });

    it('writes a file that only its owner can read, and overwrites none', async () => {
      await prepare({ count: 300, deadCount: 0 });
      const file = join(directory(), 'pending.ndjson');
      const end = await run(['export', '--file', file]);
      expect(end).toMatchObject({ code: 0, stdout: '' });
      expect(modeOf(file)).toBe('600');
      expect(readFileSync(file, 'utf8').trim().split('\n')).toHaveLength(300);
      const again = await run(['export', '--file', file]);
      expect(again.code).toBe(1);
      expect(again.stderr).toContain('already exists');
      expect((await run(['export', '--file', join(directory(), 'none/file')])).stderr).toContain('ENOENT');
      expect(filesIn(directory())).toEqual(['pending.ndjson']);
    });

    it('leaves nothing half done when interrupted (case 63)', async () => {
      await prepare({ count: 10, deadCount: 0 });
      const file = join(directory(), 'pending.ndjson');
      const end = await run(['export', '--file', file], { stop: AbortSignal.abort('SIGINT') });
      expect(end.code).toBe(130);
      expect(filesIn(directory())).toEqual([]);
    });
  });

  it('case 62: shows control characters in the data without letting a terminal obey them', async () => {
    const evil = '\u001b[31mred\u009b2J\u202eback\u0007\r\n';
    const body = JSON.stringify({ message: evil, email: 'ada@example.com' });
    const [first, second] = [1, 2].map(() => sampleNotification({ type: evil, lane: `user:${evil}`, body }));
    await fill([first!, second!], [first!.id], { kind: 'rejected', status: 400, detail: evil });
    const [dead] = (await idsFrom('list', '--dead')) as [string];
    const [pending] = (await idsFrom('list')) as [string];
    for (const args of [['list'], ['list', '--dead'], ['show', dead, '--body'], ['show', pending], ['export']]) {
      for (const flags of [[], ['--json']]) {
        const { stdout } = await run([...args, ...flags]);
        expect(stdout).toContain('red');
        expect(stdout.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
        if (flags.length > 0) objectsIn({ code: 0, signal: null, stdout, stderr: '' });
      }
    }
    expect((await objects('show', dead, '--body'))[0]).toMatchObject({ body: { message: evil } });
  });
}

/** Without the outbox, which may be there. */
function filesIn(directory: string): string[] {
  return readdirSync(directory).filter((file) => file !== 'outbox');
}
