import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadSqlite } from '../../../src/outbox/sqlite/sqlite-driver.js';
import { sqliteStore, type SqliteStore, type SqliteStoreOptions } from '../../../src/receiver/index.js';
import { useTempDirectory } from '../../helpers/temp-directory.js';

const directory = useTempDirectory();
const opened: SqliteStore[] = [];
afterEach(() => {
  for (const store of opened.splice(0)) store.close();
});
const file = () => join(directory(), 'crm', 'received.sqlite');
const open = (options: Partial<SqliteStoreOptions> = {}) => {
  const store = sqliteStore({ file: file(), ...options });
  opened.push(store);
  return store;
};
const handled = () => Promise.resolve();

it('remembers ids, also after a restart', async () => {
  const store = open();
  expect(await store.handleOnce('a', handled)).toBe('handled');
  expect(await store.handleOnce('a', handled)).toBe('duplicate');
  opened.splice(0);
  store.close();
  expect(await open().handleOnce('a', handled)).toBe('duplicate');
  expect(await open().handleOnce('b', handled)).toBe('handled');
});

it('can be shared by several processes', async () => {
  const [one, other] = [open(), open()];
  expect(await one.handleOnce('a', handled)).toBe('handled');
  expect(await other.handleOnce('a', handled)).toBe('duplicate');
});

it('does not remember what could not be handled', async () => {
  const store = open();
  await expect(store.handleOnce('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await store.handleOnce('a', handled)).toBe('handled');
});

it('forgets ids after a while', async () => {
  await open().handleOnce('old', handled);
  const database = loadSqlite()(file());
  database.exec('UPDATE received SET received_at = received_at - 1000');
  // The first notification after a start deletes what is too old.
  const store = open({ keepMs: 999 });
  expect(await store.handleOnce('old', handled)).toBe('duplicate');
  expect(await store.handleOnce('new', handled)).toBe('handled');
  expect(database.prepare('SELECT notification_id FROM received').all()).toEqual([{ notification_id: 'new' }]);
  database.close();
});

describe('a file that cannot be used', () => {
  it('is refused if it is a directory', () => {
    mkdirSync(file(), { recursive: true });
    expect(() => open()).toThrow(/store\.file: cannot be used: /);
  });

  it('is refused if it is something else', () => {
    const path = join(directory(), 'notes.txt');
    writeFileSync(path, 'These are notes, and no database at all.\n'.repeat(100));
    expect(() => open({ file: path })).toThrow(/store\.file: cannot be used: /);
  });

  it.each([
    [{ file: '' }, /store\.file: must be the path of a file/],
    [{ keepMs: 0 }, /store\.keepMs: must be a positive number of milliseconds/],
  ])('is refused, as any option: %j', (options, message) => {
    expect(() => open(options)).toThrow(message);
  });
});
