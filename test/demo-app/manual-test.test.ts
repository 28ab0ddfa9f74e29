import { inbox } from './crm-inbox.js';
import { createPrograms } from './programs.js';
import type { Programs } from './programs.js';

jest.setTimeout(120_000);

let programs: Programs;

beforeEach(() => {
  programs = createPrograms();
});

afterEach(async () => {
  await programs.end();
});

test('sends one of each kind and shows which of them the CRM has', async () => {
  const crm = programs.start('crm-service/main.ts');
  const url = await crm.printed(/listening at (http:[^"]+)/);
  const check = programs.start('manual-test.ts', { CRM_BASE_URL: url, CRM_PORT: undefined });
  expect(await check.ended).toBe(0);
  expect(check.output().match(/^✓/gm)).toHaveLength(5);
  expect(check.output()).toContain('booking_created: Booking 456 created');
  expect(await inbox(url)).toHaveLength(3);
});

test('says what is wrong if no CRM responds', async () => {
  const check = programs.start('manual-test.ts', { CRM_BASE_URL: 'http://127.0.0.1:9', CRM_PORT: undefined });
  expect(await check.ended).toBe(1);
  expect(check.output().match(/^✗ /gm)).toHaveLength(5);
});
