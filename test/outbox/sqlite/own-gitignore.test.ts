import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { prepareOutboxDirectory, prepareOutboxFile } from '../../../src/outbox/sqlite/outbox-directory.js';
import { runInProcess } from '../../cli/in-process.js';
import { snapshotOf } from '../../helpers/directory-snapshot.js';
import { modeOf, prepareOutbox } from '../../helpers/prepared-outbox.js';
import { sampleNotifications } from '../../helpers/sample-notification.js';
import { openOutboxIn } from '../../helpers/sqlite-outbox.js';
import { useTempDirectory } from '../../helpers/temp-directory.js';

describe('F13: the .gitignore of an outbox', () => {
  const directory = useTempDirectory();
  const place = (): string => join(directory(), '.crm-outbox');
  const gitignore = (): string => join(place(), '.gitignore');
  const prepare = (): string => prepareOutboxFile(prepareOutboxDirectory(place()));

  it('F13: keeps a new outbox out of Git', async () => {
    const git = (...args: string[]): string => execFileSync('git', args, { cwd: directory(), encoding: 'utf8' });
    git('init', '--quiet');
    writeFileSync(join(directory(), 'app.js'), '');
    (await openOutboxIn(place())).close();
    expect(git('status', '--porcelain', '--untracked-files=all')).toBe('?? app.js\n');
    git('add', '.');
    expect(git('ls-files')).toBe('app.js\n');
    expect([modeOf(place()), modeOf(gitignore())]).toEqual(['700', '600']);
  });

  it('F13: is made where it is missing and the directory is empty or the outbox is alone in it', () => {
    mkdirSync(place());
    prepare();
    expect(readFileSync(gitignore(), 'utf8')).toBe('*\n');
    unlinkSync(gitignore());
    prepare();
    expect(readFileSync(gitignore(), 'utf8')).toBe('*\n');
  });

  it('F13: does not keep the directory from being closed to others', () => {
    prepare();
    chmodSync(place(), 0o755);
    prepare();
    expect(modeOf(place())).toBe('700');
  });

  it('F13: is not made where there are other things, nor in the place of another one', () => {
    mkdirSync(place());
    writeFileSync(join(place(), 'notes.txt'), 'mine');
    prepare();
    expect(existsSync(gitignore())).toBe(false);
    unlinkSync(join(place(), 'notes.txt'));
    writeFileSync(gitignore(), '!notes.txt\n');
    chmodSync(place(), 0o755);
    prepare();
    expect(readFileSync(gitignore(), 'utf8')).toBe('!notes.txt\n');
    expect(modeOf(place())).toBe('755');
  });

  it.each<[what: string, make: (path: string) => void]>([
    ['a directory', (path) => mkdirSync(path)],
    ['a link to nowhere', (path) => symlinkSync('/nowhere/at/all', path)],
    ['a FIFO', (path) => execFileSync('mkfifo', [path])],
  ])('F13: does without where %s has its name', async (_what, make) => {
    mkdirSync(place());
    make(gitignore());
    for (let round = 0; round < 2; round += 1) {
      const outbox = await openOutboxIn(place());
      outbox.append(sampleNotifications(1));
      outbox.close();
    }
  });

  it('F13: is made again with its directory', async () => {
    const outbox = await openOutboxIn(place());
    outbox.append(sampleNotifications(3));
    rmSync(place(), { recursive: true });
    outbox.maintain();
    expect(outbox.counts()).toMatchObject({ pending: 3 });
    expect(readFileSync(gitignore(), 'utf8')).toBe('*\n');
    outbox.close();
  });

  it('F13: is not made by commands that only read', async () => {
    const { notifications } = await prepareOutbox(place(), { count: 2, deadCount: 1 });
    unlinkSync(gitignore());
    const before = Object.keys(snapshotOf(place()));
    for (const args of [['stats'], ['list'], ['show', notifications[0]!.id], ['export']]) {
      expect(await runInProcess(['outbox', ...args, '--outbox', place()])).toMatchObject({ code: 0 });
    }
    expect(Object.keys(snapshotOf(place()))).toEqual(before);
  });
});
