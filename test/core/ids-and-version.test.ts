import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { newNotificationId } from '../../src/core/ids.js';
import { version } from '../../src/core/version.js';

test('ids are UUIDv7 and sort in the order in which they were made', () => {
  const ids = Array.from({ length: 10_000 }, newNotificationId);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect([...ids].sort()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
});

test('the version is that of package.json', () => {
  const { version: published } = JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8')) as {
    version: string;
  };
  expect(version).toBe(published);
});
