import { openSqliteOutbox } from '../../../src/outbox/sqlite/open-sqlite-outbox.js';
import { loadSqlite } from '../../../src/outbox/sqlite/sqlite-driver.js';
import { createDeliveryLock } from '../../../src/outbox/sqlite/lock-file.js';
import { usePrograms } from '../../helpers/child-program.js';
import { sampleNotification } from '../../helpers/sample-notification.js';
import { openOutboxIn } from '../../helpers/sqlite-outbox.js';
import { useTempDirectory } from '../../helpers/temp-directory.js';

function fail(error: Error): never {
  throw error;
}

describe('an outbox that several processes share', () => {
  const start = usePrograms();
  const directory = useTempDirectory();

  it('is open to all of them, and each sees what the others have changed', async () => {
    const first = await openOutboxIn(directory());
    const options = { file: `${directory()}/outbox.db`, sync: 'normal', onRepaired: fail, now: () => 0 } as const;
    const second = openSqliteOutbox({ open: loadSqlite(), ...options });
    expect(second.hasForeignChanges()).toBe(false);
    first.append([sampleNotification()]);
    expect(first.hasForeignChanges()).toBe(false);
    expect(second.hasForeignChanges()).toBe(true);
    expect(second.hasForeignChanges()).toBe(false);
    expect(second.counts()).toEqual(first.counts());
    expect(second.readAfter('crm', 0, 10)).toEqual(first.readAfter('crm', 0, 10));
    first.close();
    second.close();
  });

  it('has the targets that any of them has added, each once', async () => {
    const first = await openOutboxIn(directory());
    const options = { file: `${directory()}/outbox.db`, sync: 'normal', onRepaired: fail, now: () => 0 } as const;
    const second = openSqliteOutbox({ open: loadSqlite(), ...options });
    expect(second.readAfter('a', 0, 9)).toEqual([]);
    first.append([sampleNotification({ target: 'a' })]);
    // One that is undone, and whose number another gets then.
    expect(second.append([sampleNotification({ target: 'b' })], { count: 0, bytes: 0 })).toBeUndefined();
    first.append([sampleNotification({ target: 'c' })]);
    const entries = ['b', 'a', 'crm', 'c'].map((target) => sampleNotification({ target }));
    expect(second.append(entries)).toMatchObject([
      { target: 'b', position: 1 },
      { target: 'a', position: 2 },
      { target: 'crm', position: 1 },
      { target: 'c', position: 2 },
    ]);
    for (const { target, id } of entries) {
      expect(first.readAfter(target, 0, 9).at(-1)).toMatchObject({ target, id });
      expect(second.readAfter(target, 0, 9)).toEqual(first.readAfter(target, 0, 9));
    }
    expect(first.targets()).toEqual(['crm', 'a', 'c', 'b']);
    expect(second.counts()).toMatchObject({ pending: 6 });
    first.close();
    second.close();
  });

  it('is delivered by the one that holds the lock, until it gives it up', async () => {
    const open = loadSqlite();
    const file = `${directory()}/outbox.db`;
    const [first, second] = [createDeliveryLock(open, file), createDeliveryLock(open, file)];
    expect([first.tryAcquire(), first.tryAcquire(), second.tryAcquire()]).toEqual([true, true, false]);
    first.release();
    expect(second.tryAcquire()).toBe(true);
    second.release();
  });

  it('has a lock that ends with its process, even by SIGKILL', async () => {
    const open = loadSqlite();
    const holder = start('hold-lock', { args: [`${directory()}/outbox.db-delivery`] });
    await holder.line('held');
    const lock = createDeliveryLock(open, `${directory()}/outbox.db`);
    expect(lock.tryAcquire()).toBe(false);
    holder.kill('SIGKILL');
    await holder.ended;
    expect(lock.tryAcquire()).toBe(true);
    lock.release();
  });
});
