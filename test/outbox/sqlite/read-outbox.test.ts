import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CRMOutboxError } from '../../../src/core/errors.js';
import { openOutboxToRead } from '../../../src/outbox/sqlite/read-outbox.js';
import { loadSqlite } from '../../../src/outbox/sqlite/sqlite-driver.js';
import { snapshotOf } from '../../helpers/directory-snapshot.js';
import { prepareOutbox, readEverything } from '../../helpers/prepared-outbox.js';
import { sampleNotification } from '../../helpers/sample-notification.js';
import { openOutboxIn } from '../../helpers/sqlite-outbox.js';
import { useTempDirectory } from '../../helpers/temp-directory.js';

describe('an outbox that is only looked at', () => {
  const directory = useTempDirectory();
  const place = (): string => join(directory(), 'outbox');
  const file = (): string => join(place(), 'outbox.db');

  it('shows what the process that writes has just committed, and is not in its way', async () => {
    await prepareOutbox(place(), { count: 1, deadCount: 1 });
    const writer = await openOutboxIn(place());
    const reader = openOutboxToRead(loadSqlite(), file());
    const later = sampleNotification();
    writer.append([later]);
    expect(reader.find(later.id)).toEqual(writer.find(later.id));
    expect(reader.counts()).toEqual(writer.counts());
    expect(reader.readAfter('crm', 0, 10)).toEqual(writer.readAfter('crm', 0, 10));
    expect(reader.listDead({ limit: 10 })).toEqual(writer.listDead({ limit: 10 }));
    reader.close();
    writer.close();
  });

  it('shows every target, and says of a file of an earlier version what migrates it', async () => {
    const writer = await openOutboxIn(place());
    writer.append([sampleNotification(), sampleNotification({ target: 'other' })]);
    const reader = openOutboxToRead(loadSqlite(), file());
    expect(reader.targets()).toEqual(['crm', 'other']);
    expect(reader.readAfter('other', 0, 9)).toEqual(writer.readAfter('other', 0, 9));
    expect(reader.counts('other')).toEqual(writer.counts('other'));
    reader.close();
    writer.close();
    copyFileSync(join(__dirname, 'fixtures/schema-2.db'), file());
    const open = loadSqlite();
    expect(() => openOutboxToRead(open, file())).toThrow('written by an earlier version');
  });

  it('leaves the log of a process that was killed to whoever opens the file next', async () => {
    const { notifications } = await prepareOutbox(place(), { count: 50, deadCount: 2, withLog: true });
    const before = snapshotOf(place());
    const reader = openOutboxToRead(loadSqlite(), file());
    expect(reader.counts()).toMatchObject({ pending: 50, dead: 2 });
    reader.close();
    for (const name of ['outbox.db', 'outbox.db-wal']) expect(snapshotOf(place())[name]).toBe(before[name]);
    const next = await openOutboxIn(place());
    expect(readEverything(next).pending.map(({ id }) => id)).toEqual(notifications.slice(2).map(({ id }) => id));
    next.close();
  });

  it.each([
    ['a repair that was interrupted', () => writeFileSync(`${file()}-mended`, 'whole')],
    ['a file that was cut', () => writeFileSync(file(), 'SQLite format 3\0')],
    ['a file of other bytes', () => writeFileSync(file(), Buffer.alloc(8192, 'x'))],
    ['an empty file', () => writeFileSync(file(), '')],
    ['a file of schema 1', () => copyFileSync(join(__dirname, 'fixtures/schema-1.db'), file())],
    ['a file of schema 2', () => copyFileSync(join(__dirname, 'fixtures/schema-2.db'), file())],
  ])('refuses %s, and changes nothing', async (_what, damage) => {
    await prepareOutbox(place(), { count: 5, deadCount: 1 });
    damage();
    const before = snapshotOf(place());
    const open = loadSqlite();
    expect(() => openOutboxToRead(open, file())).toThrow(CRMOutboxError);
    expect(snapshotOf(place())).toEqual(before);
  });
});
