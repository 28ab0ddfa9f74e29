import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { historyFileOf } from '../../../src/history/history-file.js';
import { loadSqlite } from '../../../src/outbox/sqlite/sqlite-driver.js';
import { useOutboxCli } from './outbox-cli.js';

describe('crm-notifier outbox, beside a history that cannot be read', () => {
  const { place, prepare, run, objects } = useOutboxCli();
  const history = (): string => historyFileOf(join(place(), 'outbox.db'));

  it('stats shows what is pending, and that it is not known what is paused', async () => {
    await prepare({ count: 3, deadCount: 1 });
    mkdirSync(history());
    const reason = expect.stringContaining(`${history()} cannot be used`) as string;
    expect(await objects('stats')).toMatchObject([{ pending: 3, dead: 1, pausesUnknown: reason }]);
    const { stdout } = await run(['stats']);
    expect(stdout).toMatch(
      /\npaused {3}perhaps: that cannot be read, so a process that starts now delivers nothing \(/,
    );
    const { code, stderr } = await run(['pause']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('move it away: it is begun anew, with nothing paused')]);
  });

  it('pause waits while another process has it locked', async () => {
    await prepare({ count: 1, deadCount: 0 });
    await run(['resume', '--target', 'crm']);
    const database = loadSqlite()(history());
    database.exec('BEGIN EXCLUSIVE');
    const paused = run(['pause']);
    await setTimeout(150);
    database.exec('COMMIT');
    database.close();
    expect(await paused).toMatchObject({ code: 0, stdout: 'Delivery to all targets is paused.\n' });
  });
});
