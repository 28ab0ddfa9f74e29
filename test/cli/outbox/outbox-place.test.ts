import { chownSync, mkdirSync, readdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadSqlite } from '../../../src/outbox/sqlite/sqlite-driver.js';
import { snapshotOf } from '../../helpers/directory-snapshot.js';
import { prepareOutbox } from '../../helpers/prepared-outbox.js';
import { runInProcess } from '../in-process.js';
import { unknownId, useOutboxCli } from './outbox-cli.js';

/** Every command that only reads. */
const readOnly = [['stats'], ['list'], ['list', '--dead'], ['show', unknownId], ['export'], ['export', '--dead']];

describe('the outbox that a command works on', () => {
  const { directory, place, run, objects } = useOutboxCli();

  describe('a directory that is not a usable outbox is refused, named in the message and left alone', () => {
    const refused = async (args: readonly string[]): Promise<string> => {
      const end = await run(args);
      expect(end).toMatchObject({ code: 1, stdout: '' });
      expect(end.stderr).toContain(place());
      expect(end.stderr).not.toMatch(/^ {4}at /m);
      return end.stderr;
    };
    const everyCommand = [
      ...readOnly,
      ['redeliver', unknownId],
      ['discard', unknownId],
      ['redeliver', '--all', '--yes'],
    ];

    it.each(everyCommand)('a missing one: %s %s', async (...args) => {
      expect(await refused(args.filter(Boolean))).toContain("Give the app's outbox directory");
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
      const database = loadSqlite()(join(place(), 'outbox.db'));
      database.exec('CREATE TABLE theirs (a)');
      database.close();
      const before = snapshotOf(place());
      expect(await refused(args.filter(Boolean))).toContain('belongs to another application');
      expect(snapshotOf(place())).toEqual(before);
    });

    it.each(everyCommand)('a newer version: %s %s', async (...args) => {
      await prepareOutbox(place(), { count: 1, deadCount: 1 });
      const database = loadSqlite()(join(place(), 'outbox.db'));
      database.exec('PRAGMA user_version = 99');
      database.close();
      const before = snapshotOf(place());
      expect(await refused(args.filter(Boolean))).toContain('written by a newer express-crm-notifier');
      expect(snapshotOf(place())).toEqual(before);
    });

    it('a file, or a symbolic link', async () => {
      writeFileSync(place(), '');
      expect(await refused(['stats'])).toContain('is not a directory');
      const link = join(directory(), 'link');
      symlinkSync(directory(), link);
      const end = await runInProcess(['outbox', 'stats', '--outbox', link]);
      expect(end.stderr).toContain('is a symbolic link');
    });
  });

  const itAsRoot = process.geteuid?.() === 0 ? it : it.skip;
  itAsRoot("root may read another user's outbox but not change it", async () => {
    const { notifications } = await prepareOutbox(place(), { count: 1, deadCount: 1 });
    for (const name of ['.', ...readdirSync(place())]) chownSync(join(place(), name), 12_345, 12_345);
    expect(await objects('stats')).toMatchObject([{ pending: 1, dead: 1 }]);
    const before = snapshotOf(place());
    const end = await run(['redeliver', notifications[0]!.id]);
    expect(end.code).toBe(1);
    expect(end.stderr).toContain("sudo -u '#12345'");
    expect(snapshotOf(place())).toEqual(before);
  });

  it.each(readOnly)('%s %s changes nothing, not even the write-ahead log of a killed app', async (...args) => {
    await prepareOutbox(place(), { count: 30, deadCount: 3, withLog: true });
    expect(readdirSync(place())).toContain('outbox.db-wal');
    const before = snapshotOf(place());
    const { code } = await run(args.filter(Boolean));
    expect(code).toBe(args[0] === 'show' ? 1 : 0);
    const after = snapshotOf(place());
    for (const name of ['outbox.db', 'outbox.db-wal']) expect(after[name]).toBe(before[name]);
  });

  it.each(readOnly)('%s %s repairs nothing', async (...args) => {
    await prepareOutbox(place(), { count: 30, deadCount: 3 });
    truncateSync(join(place(), 'outbox.db'), 1000);
    const before = snapshotOf(place());
    const end = await run(args.filter(Boolean));
    expect(end).toMatchObject({ code: 1, stdout: '' });
    expect(end.stderr).toContain('the outbox file is damaged');
    expect(snapshotOf(place())).toEqual(before);
  });
});
