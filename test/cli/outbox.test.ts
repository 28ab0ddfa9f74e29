import { chownSync, mkdirSync, readdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadSqlite } from '../../src/outbox/sqlite/sqlite-driver.js';
import { snapshotOf } from '../helpers/directory-snapshot.js';
import { modeOf, prepareOutbox } from '../helpers/prepared-outbox.js';
import { sampleAt, sampleNotification } from '../helpers/sample-notification.js';
import { openOutboxIn } from '../helpers/sqlite-outbox.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { objectsIn, type CliEnd } from './cli-program.js';
import { runInProcess, type InProcessOptions } from './in-process.js';
import { settleIn } from '../helpers/settle-in.js';

const unknownId = '01a20bb3-6f81-71fc-be53-33f9f0e71da1';
/** Every command that only looks. */
const looking = [['stats'], ['list'], ['list', '--dead'], ['show', unknownId], ['export'], ['export', '--dead']];

type End = Omit<CliEnd, 'signal'>;

describe('crm-notifier outbox', () => {
  const directory = useTempDirectory();
  const place = (): string => join(directory(), 'outbox');
  const run = (args: readonly string[], options: InProcessOptions = {}): Promise<End> =>
    runInProcess(['outbox', ...args, '--outbox', place()], options);
  const objects = async (...args: string[]): Promise<Record<string, unknown>[]> => {
    const end = await run([...args, '--json']);
    expect(end.code).toBe(0);
    return objectsIn({ ...end, signal: null });
  };
  const idsIn = async (...args: string[]): Promise<unknown[]> => (await objects(...args)).map(({ id }) => id);

  describe('a place that is no outbox of ours is refused, named and untouched', () => {
    const refused = async (args: readonly string[]): Promise<string> => {
      const end = await run(args);
      expect(end).toMatchObject({ code: 1, stdout: '' });
      expect(end.stderr).toContain(place());
      expect(end.stderr).not.toMatch(/^ {4}at /m);
      return end.stderr;
    };
    const everyCommand = [
      ...looking,
      ['redeliver', unknownId],
      ['discard', unknownId],
      ['redeliver', '--all', '--yes'],
    ];

    it.each(everyCommand)('that is not there: %s %s', async (...args) => {
      expect(await refused(args.filter(Boolean))).toContain('Give the directory that the app has as its outbox');
      expect(readdirSync(directory())).toEqual([]);
    });

    it.each(everyCommand)('an empty directory: %s %s', async (...args) => {
      mkdirSync(place());
      const before = snapshotOf(place());
      expect(await refused(args.filter(Boolean))).toContain('there is no outbox in');
      expect(snapshotOf(place())).toEqual(before);
    });

    it.each(everyCommand)("another application's file: %s %s", async (...args) => {
      mkdirSync(place());
      const database = (await loadSqlite())(join(place(), 'outbox.db'));
      database.exec('CREATE TABLE theirs (a)');
      database.close();
      const before = snapshotOf(place());
      expect(await refused(args.filter(Boolean))).toContain('belongs to another application');
      expect(snapshotOf(place())).toEqual(before);
    });

    it.each(everyCommand)('a newer version: %s %s', async (...args) => {
      await prepareOutbox(place(), { count: 1, deadCount: 1 });
      const database = (await loadSqlite())(join(place(), 'outbox.db'));
      database.exec('PRAGMA user_version = 99');
      database.close();
      const before = snapshotOf(place());
      expect(await refused(args.filter(Boolean))).toContain('written by a newer express-crm-notifier');
      expect(snapshotOf(place())).toEqual(before);
    });

    it('a file, a symbolic link', async () => {
      writeFileSync(place(), '');
      expect(await refused(['stats'])).toContain('is not a directory');
      const link = join(directory(), 'link');
      symlinkSync(directory(), link);
      const end = await runInProcess(['outbox', 'stats', '--outbox', link]);
      expect(end.stderr).toContain('is a symbolic link');
    });
  });

  const itAsRoot = process.geteuid?.() === 0 ? it : it.skip;
  itAsRoot("root may look at another user's, but change nothing in it", async () => {
    const { notifications } = await prepareOutbox(place(), { count: 1, deadCount: 1 });
    for (const name of ['.', ...readdirSync(place())]) chownSync(join(place(), name), 12_345, 12_345);
    expect(await objects('stats')).toMatchObject([{ pending: 1, dead: 1 }]);
    const before = snapshotOf(place());
    const end = await run(['redeliver', notifications[0]!.id]);
    expect(end.code).toBe(1);
    expect(end.stderr).toContain("sudo -u '#12345'");
    expect(snapshotOf(place())).toEqual(before);
  });

  it.each(looking)('%s %s changes nothing, not even the log of an app that was killed', async (...args) => {
    await prepareOutbox(place(), { count: 30, deadCount: 3, withLog: true });
    expect(readdirSync(place())).toContain('outbox.db-wal');
    const before = snapshotOf(place());
    const { code } = await run(args.filter(Boolean));
    expect(code).toBe(args[0] === 'show' ? 1 : 0);
    const after = snapshotOf(place());
    for (const name of ['outbox.db', 'outbox.db-wal']) expect(after[name]).toBe(before[name]);
  });

  it.each(looking)('%s %s mends nothing', async (...args) => {
    await prepareOutbox(place(), { count: 30, deadCount: 3 });
    truncateSync(join(place(), 'outbox.db'), 1000);
    const before = snapshotOf(place());
    const end = await run(args.filter(Boolean));
    expect(end).toMatchObject({ code: 1, stdout: '' });
    expect(end.stderr).toContain('the outbox file is damaged');
    expect(snapshotOf(place())).toEqual(before);
  });

  it('stats counts', async () => {
    await prepareOutbox(place(), { count: 30, deadCount: 3 });
    expect(await objects('stats')).toEqual([
      {
        outbox: place(),
        pending: 30,
        pendingBytes: expect.any(Number),
        dead: 3,
        oldestAgeMs: expect.any(Number),
      },
    ]);
    const { stdout } = await run(['stats']);
    expect(stdout).toMatch(/^outbox {3}.*\npending {2}30 \(\d+ bytes, the oldest for \d+ \w+\)\ndead {5}3\n$/);
  });

  it('list shows the pending oldest first and the dead newest first', async () => {
    const { notifications } = await prepareOutbox(place(), { count: 600, deadCount: 3 });
    const ids = notifications.map(({ id }) => id);
    expect(await idsIn('list', '--limit', '1000')).toEqual(ids.slice(3));
    expect(await idsIn('list', '--dead')).toEqual(ids.slice(0, 3).reverse());
    expect(await idsIn('list', '--dead', '--limit', '2')).toEqual(ids.slice(1, 3).reverse());
    expect(await idsIn('list', '--search', ids[9]!.toUpperCase())).toEqual([ids[9]]);
    expect(await idsIn('list', '--search', 'BOOKING:7')).toHaveLength(30);
    expect(await idsIn('list', '--dead', '--search', '422')).toHaveLength(3);
    const end = await run(['list']);
    expect(end.stdout.split('\n')).toHaveLength(52);
    expect(end.stdout).toMatch(/^ID +TYPE +LANE +ATTEMPTS +ACCEPTED +NEXT ATTEMPT\n/);
    expect(end.stderr).toContain('There are more than these 50');
    expect((await run(['list', '--search', 'nothing like it'])).stderr).toContain(
      'Nothing is pending that is like this',
    );
  });

  it('show tells all but the body, and the body when asked', async () => {
    const { notifications } = await prepareOutbox(place(), { count: 1, deadCount: 1 });
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

  it('redeliver makes dead letters pending, and says which it does not find', async () => {
    const { notifications } = await prepareOutbox(place(), { count: 1, deadCount: 4 });
    const [first, second] = notifications.map(({ id }) => id) as [string, string];
    expect(await objects('redeliver', first, first)).toEqual([{ redelivered: 1, missing: [] }]);
    const end = await run(['redeliver', first, second]);
    expect(end).toMatchObject({ code: 1, stdout: '1 is pending again.\n' });
    expect(end.stderr).toContain(`${first} is not among the dead letters`);
    expect(await objects('redeliver', '--all', '--yes')).toEqual([{ redelivered: 2, missing: [] }]);
    expect(await objects('stats')).toMatchObject([{ pending: 5, dead: 0 }]);
    expect((await idsIn('list')).at(-1)).toBe(notifications[3]!.id);
    expect(await objects('redeliver', '--all')).toEqual([{ redelivered: 0, missing: [] }]);
  });

  it('discard removes dead letters and never a pending one', async () => {
    const { notifications } = await prepareOutbox(place(), { count: 2, deadCount: 4 });
    const ids = notifications.map(({ id }) => id);
    expect(await objects('discard', ids[0]!)).toEqual([{ discarded: 1, missing: [] }]);
    expect((await run(['discard', ids[5]!])).code).toBe(1);
    expect(await objects('discard', '--all', '--search', ids[1]!, '--yes')).toEqual([{ discarded: 1, missing: [] }]);
    expect(await objects('discard', '--all', '--yes')).toEqual([{ discarded: 2, missing: [] }]);
    expect(await objects('stats')).toMatchObject([{ pending: 2, dead: 0 }]);
  });

  describe('on a terminal', () => {
    it.each([
      ['y\n', 0, 2],
      ['YES\n', 0, 2],
      ['\n', 1, 0],
      ['n\n', 1, 0],
      ['', 1, 0],
    ])('--all asks, and %j means exit code %i', async (input, code, redelivered) => {
      await prepareOutbox(place(), { count: 1, deadCount: 2 });
      const end = await run(['redeliver', '--all'], { isTerminal: true, input });
      expect(end.code).toBe(code);
      expect(end.stderr).toContain(`Redeliver all 2 dead letters of ${place()}? [y/N]`);
      expect(await objects('stats')).toMatchObject([{ pending: 1 + redelivered, dead: 2 - redelivered }]);
    });
  });

  describe('export', () => {
    it('prints everything whole, and says on standard error that it is personal', async () => {
      const { notifications } = await prepareOutbox(place(), { count: 700, deadCount: 3 });
      const end = await run(['export']);
      expect(end.code).toBe(0);
      expect(end.stderr).toMatch(/^This holds personal data.*\n700 exported\.\n$/);
      const exported = objectsIn({ ...end, signal: null });
      expect(exported.map(({ id }) => id)).toEqual(notifications.slice(3).map(({ id }) => id));
      expect(exported.map(({ body }) => JSON.stringify(body))).toEqual(
        notifications.slice(3).map(({ body }) => Buffer.from(body).toString()),
      );
      const dead = objectsIn({ ...(await run(['export', '--dead'])), signal: null });
      expect(dead.map(({ body }) => body)).toMatchObject([{ index: 2 }, { index: 1 }, { index: 0 }]);
    });

    it('writes a file that only its owner can read, and replaces none', async () => {
      await prepareOutbox(place(), { count: 300, deadCount: 0 });
      const file = join(directory(), 'pending.ndjson');
      const end = await run(['export', '--file', file]);
      expect(end).toMatchObject({ code: 0, stdout: '' });
      expect(modeOf(file)).toBe('600');
      expect(readFileSync(file, 'utf8').trim().split('\n')).toHaveLength(300);
      const again = await run(['export', '--file', file]);
      expect(again.code).toBe(1);
      expect(again.stderr).toContain('is there already');
      expect((await run(['export', '--file', join(directory(), 'none/file')])).stderr).toContain('ENOENT');
      expect(readdirSync(directory()).sort()).toEqual(['outbox', 'pending.ndjson']);
    });

    it('leaves nothing half done when it is interrupted (case 63)', async () => {
      await prepareOutbox(place(), { count: 10, deadCount: 0 });
      const file = join(directory(), 'pending.ndjson');
      const end = await run(['export', '--file', file], { stop: AbortSignal.abort('SIGINT') });
      expect(end.code).toBe(130);
      expect(readdirSync(directory())).toEqual(['outbox']);
    });
  });

  it('case 62: shows what is in the data and does not let a terminal obey it', async () => {
    const evil = '\u001b[31mred\u009b2J\u202eback\u0007\r\n';
    const outbox = await openOutboxIn(place());
    const body = JSON.stringify({ message: evil, email: 'ada@example.com' });
    outbox.append([
      sampleNotification({ type: evil, lane: `user:${evil}`, body }),
      sampleNotification({ type: evil, lane: `user:${evil}`, body }),
    ]);
    const { position } = outbox.readAfter('crm', 0, 1)[0]!;
    const reason = { kind: 'rejected', status: 400, detail: evil } as const;
    settleIn(outbox, [{ kind: 'dead', position, attempts: 1, diedAt: sampleAt, reason }]);
    outbox.close();
    const [dead] = (await idsIn('list', '--dead')) as [string];
    const [pending] = (await idsIn('list')) as [string];
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
});
