import { statSync } from 'node:fs';
import { join } from 'node:path';
import { closeConnection, openConnection } from '../../../src/outbox/sqlite/connection.js';
import { prepareOutboxDirectory, prepareOutboxFile } from '../../../src/outbox/sqlite/outbox-directory.js';
import { loadSqlite, type SqliteDatabase } from '../../../src/outbox/sqlite/sqlite-driver.js';
import { useTempDirectory } from '../../helpers/temp-directory.js';

describe('the connection to the file', () => {
  const directory = useTempDirectory();

  it.each([
    ['full', 2],
    ['normal', 1],
  ] as const)('writes a log ahead and waits for the disk as sync %s says', async (sync, synchronous) => {
    const database = openConnection(loadSqlite(), {
      file: prepareOutboxFile(prepareOutboxDirectory(directory())),
      sync,
    });
    expect(pragmas(database)).toEqual({
      journal_mode: 'wal',
      synchronous,
      fullfsync: sync === 'full' ? 1 : 0,
      locking_mode: 'normal',
      secure_delete: 1,
      application_id: 0x43524d4e,
      user_version: 3,
    });
    closeConnection(database);
  });

  it('leaves the file and nothing else when it is closed', async () => {
    const file = prepareOutboxFile(prepareOutboxDirectory(directory()));
    const database = openConnection(loadSqlite(), { file, sync: 'normal' });
    database.exec('CREATE TABLE more (a)');
    expect(statSync(`${file}-wal`).size).toBeGreaterThan(0);
    closeConnection(database);
    for (const ending of ['wal', 'shm', 'journal']) {
      expect(statSync(`${file}-${ending}`, { throwIfNoEntry: false })).toBeUndefined();
    }
    expect(file).toBe(join(directory(), 'outbox.db'));
  });
});

function pragmas(database: SqliteDatabase): Record<string, unknown> {
  const names = [
    'journal_mode',
    'synchronous',
    'fullfsync',
    'locking_mode',
    'secure_delete',
    'application_id',
    'user_version',
  ];
  return Object.fromEntries(
    names.map((name) => [name, Object.values(database.prepare(`PRAGMA ${name}`).get() as object)[0] as unknown]),
  );
}
