import { chmodSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { acquireLock, createDeliveryLock } from '../../../src/outbox/sqlite/lock-file.js';
import { openSqliteOutbox } from '../../../src/outbox/sqlite/open-sqlite-outbox.js';
import { prepareOutboxDirectory, prepareOutboxFile } from '../../../src/outbox/sqlite/outbox-directory.js';
import { loadSqlite, type OpenSqlite } from '../../../src/outbox/sqlite/sqlite-driver.js';
import { sampleNotifications } from '../../helpers/sample-notification.js';
import { useTempDirectory } from '../../helpers/temp-directory.js';

describe('A19: every file of an outbox', () => {
  const directory = useTempDirectory();
  let previous: number;
  let seen: Map<string, Set<string>>;
  beforeEach(() => {
    previous = process.umask(0o022);
    seen = new Map();
  });
  afterEach(() => {
    process.umask(previous);
  });

  const look = (): void => {
    for (const name of readdirSync(directory())) {
      const stats = statSync(join(directory(), name), { throwIfNoEntry: false });
      if (stats === undefined) continue;
      const modes = seen.get(name) ?? new Set();
      seen.set(name, modes.add((stats.mode & 0o7777).toString(8)));
    }
  };

  /** Looks at all modes after each call of SQLite. */
  const watching = async (): Promise<OpenSqlite> => {
    const open = loadSqlite();
    const looking = <Result>(result: Result): Result => {
      look();
      return result;
    };
    return (path, options) => {
      const database = looking(open(path, options));
      return {
        exec: (sql) => {
          database.exec(sql);
          look();
        },
        prepare(sql) {
          const statement = looking(database.prepare(sql));
          return {
            run: (...values) => looking(statement.run(...values)),
            get: (...values) => looking(statement.get(...values)),
            all: (...values) => looking(statement.all(...values)),
          };
        },
        close: () => {
          database.close();
        },
      };
    };
  };

  const expectPrivate = (...names: string[]): void => {
    for (const name of names) expect([...seen.keys()]).toContain(name);
    expect(Object.fromEntries([...seen].map(([name, modes]) => [name, [...modes]]))).toEqual(
      Object.fromEntries([...seen].map(([name]) => [name, ['600']])),
    );
  };

  it('is 0600 from its first moment, the locks and journals included', async () => {
    const open = await watching();
    const file = prepareOutboxFile(prepareOutboxDirectory(directory()));
    const outbox = openSqliteOutbox({ open, file, sync: 'normal', onRepaired: () => undefined, now: () => Date.now() });
    const lock = createDeliveryLock(open, file);
    expect(lock.tryAcquire()).toBe(true);
    outbox.append(sampleNotifications(3));
    look();
    lock.release();
    outbox.maintain();
    outbox.close();
    expectPrivate(
      'outbox.db',
      'outbox.db-journal',
      'outbox.db-wal',
      'outbox.db-delivery',
      'outbox.db-delivery-journal',
    );
  });

  it('is 0600 while it is mended, and when it is made anew', async () => {
    const open = await watching();
    const file = prepareOutboxFile(prepareOutboxDirectory(directory()));
    const options = { open, file, sync: 'normal', onRepaired: () => undefined, now: () => Date.now() } as const;
    const first = openSqliteOutbox(options);
    first.append(sampleNotifications(30));
    first.close();
    truncateSync(file, 100);
    const outbox = openSqliteOutbox(options);
    expectPrivate('outbox.db-mending', 'outbox.db-mending-journal', 'outbox.db-repair', 'outbox.db-repair-journal');
    rmSync(file);
    outbox.maintain();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    outbox.close();
    expectPrivate('outbox.db');
  });

  it('is closed to others where an earlier version left a lock open to them', async () => {
    const file = join(directory(), 'outbox.db-delivery');
    writeFileSync(file, '');
    chmodSync(file, 0o644);
    const lock = acquireLock(await watching(), file, 0);
    look();
    lock?.release();
    expectPrivate('outbox.db-delivery', 'outbox.db-delivery-journal');
  });
});
