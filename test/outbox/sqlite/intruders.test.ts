import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Outbox } from '../../../src/outbox/outbox.js';
import { createDeliveryLock } from '../../../src/outbox/sqlite/lock-file.js';
import { loadSqlite } from '../../../src/outbox/sqlite/sqlite-driver.js';
import { asideNamesIn, bytesOf, modeOf, readEverything } from '../../helpers/prepared-outbox.js';
import { sampleNotifications } from '../../helpers/sample-notification.js';
import { openOutboxIn } from '../../helpers/sqlite-outbox.js';
import { useTempDirectory } from '../../helpers/temp-directory.js';

const idsIn = (outbox: Outbox): string[] => readEverything(outbox).pending.map(({ id }) => id);

describe('A2, A12: what comes into the place of an outbox and is none', () => {
  const root = useTempDirectory();
  const directory = (): string => join(root(), 'outbox');
  const file = (): string => join(directory(), 'outbox.db');
  const elsewhere = (): string => join(root(), 'elsewhere');
  let outbox: Outbox;
  let repairs: string[];
  let ids: string[];

  beforeEach(async () => {
    repairs = [];
    outbox = await openOutboxIn(directory(), 'normal', (error) => repairs.push(error.message));
    // As in every directory that was delivered from.
    const lock = createDeliveryLock(loadSqlite(), file());
    lock.tryAcquire();
    lock.release();
    const notifications = sampleNotifications(5);
    outbox.append(notifications);
    ids = notifications.map(({ id }) => id);
  });
  afterEach(() => {
    outbox.close();
  });

  const databaseWith = async (statements: string): Promise<Buffer> => {
    const path = join(root(), 'made.db');
    const database = loadSqlite()(path);
    database.exec(statements);
    database.close();
    const bytes = readFileSync(path);
    rmSync(path);
    return bytes;
  };
  const put = (bytes: Buffer): void => {
    const path = join(root(), 'put');
    writeFileSync(path, bytes);
    renameSync(path, file());
  };
  const foreign = (): Promise<Buffer> => databaseWith('CREATE TABLE precious (a); INSERT INTO precious VALUES (1)');
  const newer = async (): Promise<Buffer> => {
    const bytes = Buffer.from(await databaseWith('PRAGMA application_id = 1129467214; CREATE TABLE tally (a)'));
    bytes.writeUInt32BE(99, 60);
    return bytes;
  };

  it.each([
    ['the outbox of a newer version', newer, 'a newer express-crm-notifier (schema 99)'],
    ['the database of another app', foreign, 'another application’s database'],
  ])('is set aside untouched, with an ERROR that names it, and the app goes on: %s', async (_what, make, name) => {
    const bytes = await make();
    put(bytes);
    const added = sampleNotifications(2);
    outbox.append(added);
    outbox.maintain();
    expect(repairs).toEqual([expect.stringContaining(name)]);
    const asideNames = asideNamesIn(directory());
    expect(asideNames).toHaveLength(1);
    expect(repairs[0]).toContain(asideNames[0]!);
    expect(bytesOf(directory(), asideNames[0]).equals(bytes)).toBe(true);
    expect(idsIn(outbox)).toEqual([...ids, ...added.map(({ id }) => id)]);
  });

  it('is refused at the start and untouched: the database of another app, where an outbox was', async () => {
    outbox.close();
    const bytes = await foreign();
    put(bytes);
    await expect(openOutboxIn(directory())).rejects.toThrow('belongs to another application');
    expect(bytesOf(directory()).equals(bytes)).toBe(true);
    expect(asideNamesIn(directory())).toEqual([]);
  });

  it('is kept byte for byte where it may have been an outbox', async () => {
    outbox.close();
    const bytes = Buffer.from('all my notes '.repeat(3_000));
    put(bytes);
    (await openOutboxIn(directory())).close();
    const asideNames = asideNamesIn(directory());
    expect(asideNames).toHaveLength(1);
    expect(bytesOf(directory(), asideNames[0]).equals(bytes)).toBe(true);
  });

  const links: Readonly<Record<string, () => void>> = {
    'to the file, which was moved': () => {
      renameSync(file(), elsewhere());
      symlinkSync(elsewhere(), file());
    },
    'to a copy of it': () => {
      copyFileSync(file(), elsewhere());
      rmSync(file());
      symlinkSync(elsewhere(), file());
    },
    'to nothing': () => {
      rmSync(file());
      symlinkSync(elsewhere(), file());
    },
    'to a file of no length that others may read': () => {
      writeFileSync(elsewhere(), '', { mode: 0o644 });
      rmSync(file());
      symlinkSync(elsewhere(), file());
    },
  };

  it.each(Object.entries(links))('is a link, which is set aside: %s', async (what, befall) => {
    befall();
    outbox.maintain();
    expect(repairs).toEqual([expect.stringContaining('a symbolic link was there')]);
    expect(lstatSync(file()).isFile()).toBe(true);
    const links = readdirSync(directory()).filter((name) => lstatSync(join(directory(), name)).isSymbolicLink());
    expect(links.map((name) => readlinkSync(join(directory(), name)))).toEqual([elsewhere()]);
    if (what.includes('others may read')) expect(modeOf(elsewhere())).toBe('644');
    outbox.close();
    const next = await openOutboxIn(directory());
    expect(idsIn(next)).toEqual(ids);
    next.close();
  });

  it('is a link in the place of the log', async () => {
    renameSync(`${file()}-wal`, elsewhere());
    symlinkSync(elsewhere(), `${file()}-wal`);
    outbox.maintain();
    expect(repairs).toEqual([expect.stringContaining('the file is whole again')]);
    expect(lstatSync(`${file()}-wal`).isFile()).toBe(true);
    expect(idsIn(outbox)).toEqual(ids);
  });

  it('does not lead a lock to where a link points', async () => {
    writeFileSync(elsewhere(), '', { mode: 0o644 });
    unlinkSync(`${file()}-delivery`);
    symlinkSync(elsewhere(), `${file()}-delivery`);
    const lock = createDeliveryLock(loadSqlite(), file());
    expect(lock.tryAcquire()).toBe(true);
    lock.release();
    expect(modeOf(elsewhere())).toBe('644');
  });

  it.each([
    [
      'a link to it',
      () => {
        symlinkSync(elsewhere(), directory());
      },
    ],
    [
      'a file',
      () => {
        writeFileSync(directory(), '');
      },
    ],
  ])('is in the place of the directory: %s', async (_what, befall) => {
    renameSync(directory(), elsewhere());
    befall();
    outbox.maintain();
    expect(repairs).toHaveLength(1);
    expect(lstatSync(directory()).isDirectory()).toBe(true);
    outbox.close();
    const next = await openOutboxIn(directory());
    expect(idsIn(next)).toEqual(ids);
    next.close();
  });

  it.each(['', '-wal'])('is a directory, which is set aside: outbox.db%s', (ending) => {
    rmSync(`${file()}${ending}`);
    mkdirSync(`${file()}${ending}`);
    writeFileSync(join(`${file()}${ending}`, 'notes'), 'mine');
    outbox.maintain();
    expect(repairs).toHaveLength(1);
    expect(idsIn(outbox)).toEqual(ids);
    const notes = execFileSync('find', [directory(), '-name', 'notes'], { encoding: 'utf8' });
    expect(notes).toContain('-aside-');
  });
});
