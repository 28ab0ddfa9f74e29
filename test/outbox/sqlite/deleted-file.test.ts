import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Outbox } from '../../../src/outbox/outbox.js';
import { openSqliteOutbox } from '../../../src/outbox/sqlite/open-sqlite-outbox.js';
import { loadSqlite } from '../../../src/outbox/sqlite/sqlite-driver.js';
import { passTimeUntil, useNotifiers } from '../../helpers/observed-notifier.js';
import { createOwnedClock } from '../../../src/testing/owned-clock.js';
import { asideNamesIn, bytesOf, modeOf, readEverything } from '../../helpers/prepared-outbox.js';
import { sampleAt, sampleNotifications } from '../../helpers/sample-notification.js';
import { accept, reply } from '../../helpers/scripted-crm.js';
import { openOutboxIn } from '../../helpers/sqlite-outbox.js';
import { useTempDirectory } from '../../helpers/temp-directory.js';
import { idsOf, useCrm } from '../../helpers/use-crm.js';
import { settleIn } from '../../helpers/settle-in.js';

const idsIn = (outbox: Outbox): string[] => readEverything(outbox).pending.map(({ id }) => id);

describe('an outbox file that is deleted or replaced while in use (case 74)', () => {
  const create = useNotifiers();
  const start = useCrm();
  const root = useTempDirectory();
  const directory = (): string => join(root(), 'outbox');
  const file = (): string => join(directory(), 'outbox.db');
  const opened: Outbox[] = [];
  afterEach(() => {
    for (const outbox of opened.splice(0)) outbox.close();
  });

  /** As another process opens it: a connection of its own on the same file. */
  const openAnother = async (onRepaired: (error: Error) => void = () => undefined): Promise<Outbox> => {
    const open = loadSqlite();
    const outbox = openSqliteOutbox({ open, file: file(), sync: 'normal', onRepaired, now: () => sampleAt });
    opened.push(outbox);
    return outbox;
  };
  const removeFile = (): void => {
    for (const ending of ['', '-wal', '-shm']) rmSync(`${file()}${ending}`, { force: true });
  };
  const foreignDatabase = async (): Promise<Buffer> => {
    const path = join(root(), 'foreign.db');
    const database = loadSqlite()(path);
    database.exec('CREATE TABLE bookings (id); INSERT INTO bookings VALUES (1)');
    database.close();
    return readFileSync(path);
  };

  const fates: Readonly<Record<string, () => void | Promise<void>>> = {
    'the file deleted, its log left': () => {
      unlinkSync(file());
    },
    'the file and its log deleted': removeFile,
    'the whole directory deleted': () => {
      rmSync(directory(), { recursive: true });
    },
    'an empty file in its place': () => {
      removeFile();
      writeFileSync(file(), '');
    },
    'an older state in its place': () => {
      removeFile();
      copyFileSync(join(root(), 'older.db'), file());
    },
    'a database of another app in its place': async () => {
      removeFile();
      writeFileSync(file(), await foreignDatabase());
    },
    'a text in its place': () => {
      removeFile();
      writeFileSync(file(), 'all my notes '.repeat(50));
    },
  };

  const prepareOlder = async (older: readonly ReturnType<typeof sampleNotifications>[number][]): Promise<void> => {
    const outbox = await openOutboxIn(directory());
    outbox.append(older);
    outbox.close();
    copyFileSync(file(), join(root(), 'older.db'));
  };

  it('is not mended when its directory is moved and a link to it is left in the old place', async () => {
    const repairs: Error[] = [];
    const data = join(root(), 'data');
    mkdirSync(data);
    const outbox = await openOutboxIn(join(data, 'outbox'), 'normal', (error) => repairs.push(error));
    opened.push(outbox);
    outbox.append(sampleNotifications(3));
    renameSync(data, join(root(), 'moved'));
    symlinkSync(join(root(), 'moved'), data);
    outbox.append(sampleNotifications(3));
    outbox.maintain();
    outbox.append(sampleNotifications(3));
    expect(repairs).toEqual([]);
    expect(outbox.counts().pending).toBe(9);
  });

  it.each(Object.entries(fates))('is in its place again with all it held: %s', async (what, befall) => {
    const older = sampleNotifications(3);
    await prepareOlder(older);
    const repairs: string[] = [];
    const outbox = await openOutboxIn(directory(), 'normal', (error) => repairs.push(error.message));
    opened.push(outbox);
    const newer = sampleNotifications(4);
    outbox.append(newer);
    outbox.noteUse({ from: sampleAt, to: sampleAt + 5 });
    settleIn(outbox, [
      { kind: 'dead', position: 2, attempts: 1, diedAt: sampleAt, reason: { kind: 'rejected', detail: '' } },
    ]);

    await befall();
    outbox.maintain();
    expect(repairs).toEqual([expect.stringContaining('deleted or replaced while in use; it is in its place again')]);

    // In the older state the dead one was pending still; it is tried once more.
    const isTriedAgain = what.startsWith('an older state');
    const deadIds = isTriedAgain ? [] : [older[1]!.id];
    const pendingIds = [...older, ...newer].map(({ id }) => id).filter((id) => !deadIds.includes(id));
    const added = sampleNotifications(2);
    outbox.append(added);
    outbox.maintain();
    const fresh = await openAnother(failWith);
    expect(new Set(idsIn(fresh))).toEqual(new Set([...pendingIds, ...added.map(({ id }) => id)]));
    expect(fresh.listDead({ limit: 9 }).map(({ id }) => id)).toEqual(deadIds);
    expect(idsIn(fresh).slice(-2)).toEqual(added.map(({ id }) => id));
    // A8: else a start with the clock ahead would take it for right.
    expect(fresh.lastUse()).toEqual({ from: sampleAt, to: sampleAt + 5 });
    expect(repairs).toHaveLength(1);
    expect(modeOf(file())).toBe('600');
    expect(modeOf(directory())).toBe('700');
  });

  describe.each([
    ['the log', ['-wal']],
    ['the memory that processes share', ['-shm']],
    ['both', ['-wal', '-shm']],
  ])('A4: of which only %s is deleted', (_what, endings) => {
    const removeEndings = (): void => {
      for (const ending of endings) unlinkSync(`${file()}${ending}`);
    };

    it.each(['maintain', 'append', 'close'] as const)('is whole again, with nothing set aside: %s', async (call) => {
      const repairs: string[] = [];
      const outbox = await openOutboxIn(directory(), 'normal', (error) => repairs.push(error.message));
      const notifications = sampleNotifications(5);
      outbox.append(notifications.slice(0, 4));
      const generation = outbox.generation;
      removeEndings();
      outbox.append(call === 'append' ? notifications.slice(4) : []);
      if (call === 'maintain') outbox.maintain();
      if (call === 'append') expect(outbox.generation).toBeGreaterThan(generation);
      // As a kill would leave it: what another process finds now is all there is.
      if (call === 'close') outbox.close();
      else opened.push(outbox);
      const expected = notifications.slice(0, call === 'append' ? 5 : 4).map(({ id }) => id);
      expect(idsIn(await openAnother(failWith))).toEqual(expected);
      expect(repairs).toEqual([expect.stringContaining('the file is whole again')]);
      expect(asideNamesIn(directory())).toEqual([]);
    });

    it('is moved over to by the other process that has it open', async () => {
      const outbox = await openOutboxIn(directory());
      const other = await openAnother();
      opened.push(outbox);
      const notifications = sampleNotifications(6);
      outbox.append(notifications.slice(0, 2));
      other.append(notifications.slice(2, 4));
      removeEndings();
      outbox.append(notifications.slice(4, 5));
      other.append(notifications.slice(5));
      outbox.maintain();
      other.maintain();
      const all = new Set(notifications.map(({ id }) => id));
      expect(new Set(idsIn(outbox))).toEqual(all);
      expect(new Set(idsIn(other))).toEqual(all);
    });
  });

  it('A2: keeps all of both files, in the order of each, when one with other contents has taken its place', async () => {
    const outbox = await openOutboxIn(directory());
    opened.push(outbox);
    const lost = sampleNotifications(200);
    outbox.append(lost);
    outbox.settle(
      outbox.readAfter('crm', 0, 20).map(({ id, position }) => ({ kind: 'delivered', target: 'crm', id, position })),
    );
    rmSync(directory(), { recursive: true });
    const next = await openOutboxIn(directory());
    opened.push(next);
    const found = sampleNotifications(50);
    next.append(found);
    outbox.maintain();
    const expected = [...found, ...lost.slice(20)].map(({ id }) => id);
    expect(idsIn(outbox)).toEqual(expected);
    expect(idsIn(next)).toEqual(expected);
    expect(next.counts()).toMatchObject({ pending: 230 });
  });

  it('A3: loses nothing of it by what was read of the former one', async () => {
    const outbox = await openOutboxIn(directory());
    opened.push(outbox);
    outbox.append(sampleNotifications(50));
    const read = outbox.readAfter('crm', 0, 50);
    removeFile();
    const next = await openOutboxIn(directory());
    opened.push(next);
    const found = sampleNotifications(50);
    next.append(found);
    outbox.maintain();
    outbox.settle(read.map(({ id, position }) => ({ kind: 'delivered', target: 'crm', id, position })));
    expect(idsIn(next)).toEqual(found.map(({ id }) => id));
    expect(next.counts()).toMatchObject({ pending: 50 });
  });

  it('is merged with a backup that was copied over it while it was idle', async () => {
    const older = sampleNotifications(3);
    await prepareOlder(older);
    const repairs: string[] = [];
    const outbox = await openOutboxIn(directory(), 'normal', (error) => repairs.push(error.message));
    opened.push(outbox);
    const newer = sampleNotifications(40);
    outbox.append(newer);
    outbox.noteUse({ from: sampleAt, to: sampleAt + 5 });
    outbox.settle(
      outbox.readAfter('crm', 0, 3).map(({ id, position }) => ({ kind: 'delivered', target: 'crm', id, position })),
    );
    outbox.maintain();
    writeFileSync(file(), readFileSync(join(root(), 'older.db')));
    outbox.maintain();
    expect(new Set(idsIn(await openAnother(failWith)))).toEqual(new Set([...older, ...newer].map(({ id }) => id)));
    expect(repairs).toEqual([expect.stringContaining('overwritten while in use')]);
  });

  it('A12: is delivered from when a backup has taken its place under an idle app', async () => {
    const crm = await start(accept);
    const outbox = await openOutboxIn(directory());
    outbox.append(sampleNotifications(3));
    outbox.close();
    copyFileSync(file(), join(root(), 'older.db'));
    rmSync(directory(), { recursive: true });
    const clock = createOwnedClock();
    const notifier = create({ baseUrl: crm.url, outbox: directory(), sync: 'normal', clock });
    // Its positions are beyond those of the backup.
    await notifier.accept(...Array.from({ length: 10 }, (_, index) => `lane:${String(index)}`));
    await notifier.hear('delivered', 10);
    removeFile();
    copyFileSync(join(root(), 'older.db'), file());
    await passTimeUntil(notifier.hear('delivered', 13), clock);
    expect(await notifier.stats()).toMatchObject({ pending: 0, circuit: 'closed', isDelivering: true });
  });

  it("sets another app's file aside with its bytes untouched", async () => {
    const foreign = [await foreignDatabase(), Buffer.from('all my notes '.repeat(50))];
    const outbox = await openOutboxIn(directory());
    opened.push(outbox);
    for (const bytes of foreign) {
      outbox.append(sampleNotifications(1));
      removeFile();
      writeFileSync(file(), bytes);
      outbox.maintain();
    }
    const kept = asideNamesIn(directory()).map((name) => bytesOf(directory(), name));
    expect(kept).toHaveLength(2);
    for (const bytes of foreign) expect(kept.some((one) => one.equals(bytes))).toBe(true);
  });

  it('is told of by a notifier as an ERROR, and delivered from', async () => {
    const crm = await start(reply(503));
    const clock = createOwnedClock();
    const notifier = create({ baseUrl: crm.url, outbox: directory(), sync: 'normal', clock });
    const ids = await notifier.accept('a', 'b');
    await notifier.hear('retry', 1);
    rmSync(directory(), { recursive: true });
    await clock.advance(1_000);
    const lines = notifier.log.at('error').filter(({ message }) => message.includes('it is in its place again'));
    expect(lines).toHaveLength(1);
    // The lock's file could not be had either, for a moment.
    expect(notifier.troubles()).toMatchObject([
      { operation: 'look' },
      { message: expect.stringContaining('it is in its place again') as string },
    ]);
    crm.answerWith(accept);
    ids.push(...(await notifier.accept('a')));
    const delivered = await passTimeUntil(notifier.hear('delivered', 3), clock);
    expect(new Set(delivered.map(({ id }) => id))).toEqual(new Set(ids));
    expect(new Set(idsOf(crm.received))).toEqual(new Set(ids));
  });
});

function failWith(error: Error): never {
  throw error;
}
