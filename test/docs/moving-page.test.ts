import { notifierSettings } from '../../src/config/settings.js';
import { settingsIn } from '../../src/config/resolve-settings.js';
import { afterBooking, afterEvent, afterResponse, createNotifier } from '../../src/index.js';
import { codeIn, readPage, tablesOf } from './source-text.js';

const page = readPage('moving.md');
const tables = tablesOf(page);
const rowsUnder = (heading: string, firstColumn: string): readonly (readonly string[])[] =>
  tables.filter((table) => table.heading === heading && table.header[0] === firstColumn).flatMap(({ rows }) => rows);

describe('docs/moving.md', () => {
  it('has every method of the Python service, with what this package has in its place', async () => {
    await using crm = createNotifier({ outbox: ':memory:', logLevel: 'silent', env: {} });
    const rows = rowsUnder('Method by method', 'Python');
    const named = (text: string): string => /^[\w.]+/.exec(text)?.[0] ?? '';
    expect(rows.slice(0, 4).map(([python = '']) => named(codeIn(python)[0] ?? ''))).toEqual([
      'send_notification',
      'send_booking_notification',
      'send_event_notification',
      'test_connection',
    ]);
    const hooks: Readonly<Record<string, unknown>> = { afterBooking, afterEvent, afterResponse };
    const objects: Readonly<Record<string, object>> = { crm, 'crm.service': crm.service, service: crm.service };
    for (const cell of rows.flatMap(([, ...cells]) => cells)) {
      for (const code of codeIn(cell)) {
        const name = named(code);
        const at = name.lastIndexOf('.');
        const found = at === -1 ? hooks[name] : Reflect.get(objects[name.slice(0, at)] ?? {}, name.slice(at + 1));
        expect([name, typeof found]).toEqual([name, 'function']);
      }
    }
  });

  it('names options, variables and defaults that there are', () => {
    const settings = settingsIn(notifierSettings);
    const known = new Set(settings.flatMap(({ option, variable }) => [option, variable]));
    const groups = new Set(settings.map(({ option }) => option.split('.')[0]));
    const rows = rowsUnder('Option by option', 'Python').slice(0, 4);
    for (const [, here = '', value = ''] of rows) {
      const names = codeIn(here);
      expect(names.filter((name) => !known.has(name))).toEqual([]);
      const setting = settings.find(({ option }) => option === names[0]);
      const seconds = /^(\d+) seconds/.exec(value)?.[1];
      expect(setting?.default).toBe(seconds === undefined ? codeIn(value)[0] : Number(seconds) * 1_000);
    }
    const fromQueue = rowsUnder('From a job queue', 'BullMQ').flatMap(([, here = '']) => codeIn(here));
    const options = fromQueue.filter((name) => !['delivered', 'dead'].includes(name));
    expect(options.length).toBeGreaterThanOrEqual(5);
    expect(options.filter((name) => !known.has(name) && !groups.has(name))).toEqual([]);
  });
});
