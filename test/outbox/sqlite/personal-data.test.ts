import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createDeliveryLock } from '../../../src/outbox/sqlite/lock-file.js';
import { loadSqlite } from '../../../src/outbox/sqlite/sqlite-driver.js';
import { modeOf } from '../../helpers/prepared-outbox.js';
import { sampleAt, sampleNotification } from '../../helpers/sample-notification.js';
import { openOutboxIn } from '../../helpers/sqlite-outbox.js';
import { useTempDirectory } from '../../helpers/temp-directory.js';
import { settleIn } from '../../helpers/settle-in.js';

// Each stands in every place that can hold something personal, of a small and of a large record.
const marks = ['Anna-Karenina', 'anna@example.org'];
const personal = (size: number) => () =>
  sampleNotification({ lane: `user:${marks[1]!}`, body: Buffer.from(marks.join(' ').repeat(size)) });

describe('personal data (case 75)', () => {
  const directory = useTempDirectory();

  const found = (): string[] =>
    readdirSync(directory()).filter((name) => {
      const bytes = readFileSync(join(directory(), name));
      return marks.some((mark) => bytes.includes(mark));
    });

  it('is gone from every file once everything is delivered and the outbox closed', async () => {
    const outbox = await openOutboxIn(directory());
    for (let round = 0; round < 5; round += 1) {
      outbox.append(Array.from({ length: 20 }, personal(3)));
      outbox.append(Array.from({ length: 5 }, personal(1000)));
    }
    outbox.append([sampleNotification()]);
    for (const { position } of outbox.readAfter('crm', 0, 124)) settleIn(outbox, [{ kind: 'delivered', position }]);
    settleIn(
      outbox,
      outbox.readAfter('crm', 0, 1).map(({ position }) => ({ kind: 'delivered', position })),
    );
    expect(outbox.counts().pending).toBe(1);
    outbox.close();
    expect(found()).toEqual([]);
  });

  it('is gone as well with dead letters that were discarded, expired, or redelivered and then delivered', async () => {
    const outbox = await openOutboxIn(directory());
    const notifications = Array.from({ length: 9 }, personal(30));
    outbox.append(notifications);
    const reason = { kind: 'rejected', status: 422, detail: `no ${marks[0]!} here` } as const;
    for (const [index, { position }] of outbox.readAfter('crm', 0, 10).entries()) {
      settleIn(outbox, [{ kind: 'dead', position, attempts: 1, diedAt: sampleAt + Math.floor(index / 3), reason }]);
    }
    for (const { id } of notifications.slice(6)) outbox.redeliver(id, sampleAt);
    settleIn(
      outbox,
      outbox.readAfter('crm', 0, 10).map(({ position }) => ({ kind: 'delivered', position })),
    );
    for (const { id } of notifications.slice(3, 6)) outbox.discard(id);
    expect(outbox.expireDead(sampleAt + 1, 1000)).toBe(3);
    expect(outbox.counts()).toMatchObject({ pending: 0, dead: 0 });
    outbox.close();
    expect(found()).toEqual([]);
  });

  it('is closed to others in a damaged file that was set aside, as are the files of the locks', async () => {
    (await openOutboxIn(directory())).close();
    writeFileSync(join(directory(), 'outbox.db'), Buffer.alloc(100), { flag: 'r+' });
    const previous = process.umask(0o022);
    try {
      const lock = createDeliveryLock(loadSqlite(), join(directory(), 'outbox.db'));
      expect(lock.tryAcquire()).toBe(true);
      (await openOutboxIn(directory())).close();
      lock.release();
    } finally {
      process.umask(previous);
    }
    const names = readdirSync(directory()).sort();
    const kept = [/^outbox\.db$/, /^outbox\.db-aside-\d+$/, /^outbox\.db-delivery$/, /^outbox\.db-repair$/];
    for (const pattern of kept) expect(names).toContainEqual(expect.stringMatching(pattern));
    expect(names.map((name) => modeOf(join(directory(), name)))).toEqual(names.map(() => '600'));
  });

  it('can be seen by this test while it is there', async () => {
    const outbox = await openOutboxIn(directory());
    outbox.append([personal(1)()]);
    outbox.close();
    expect(found()).toEqual(['outbox.db']);
  });
});
