import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { prepareOutbox } from '../helpers/prepared-outbox.js';
import { openOutboxIn } from '../helpers/sqlite-outbox.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { useCrm } from '../helpers/use-crm.js';
import { useCli } from './cli-program.js';

jest.setTimeout(30_000);

const main = join(__dirname, '../../dist/cjs/cli/main.js');

describe('case 62: output to a closed pipe', () => {
  const startCli = useCli();
  const start = useCrm();
  const directory = useTempDirectory();
  const outbox = (): string => join(directory(), 'outbox');

  it.each([
    ['--help'],
    ['outbox', 'stats'],
    ['outbox', 'list', '--limit', '3000'],
    ['outbox', 'export'],
    ['outbox', 'export', '--dead', '--json'],
  ])('%s %s ends without an error message', async (...args) => {
    await prepareOutbox(outbox(), { count: 3_000, deadCount: 5 });
    const cli = startCli(args.filter(Boolean), { env: { CRM_OUTBOX: outbox() }, input: '' });
    cli.closeOutput();
    const end = await cli.ended;
    expect(end).toMatchObject({ code: 0, signal: null });
    expect(end.stderr).not.toMatch(/EPIPE|error|^ {4}at /m);
  });

  it('stops a large export soon after its reader has left', async () => {
    await prepareOutbox(outbox(), { count: 3_000, deadCount: 0 });
    const cli = startCli(['outbox', 'export'], { env: { CRM_OUTBOX: outbox() }, input: '' });
    await cli.printed('"index":0');
    cli.closeOutput();
    const end = await cli.ended;
    expect(end).toMatchObject({ code: 0, signal: null });
    expect(Number(/(\d+) exported/.exec(end.stderr)?.[1])).toBeLessThan(3_000);
  });

  it('still does its work', async () => {
    await prepareOutbox(outbox(), { count: 3, deadCount: 4 });
    const crm = await start();
    const cli = startCli(['outbox', 'redeliver', '--all', '--yes'], { env: { CRM_OUTBOX: outbox() }, input: '' });
    cli.closeOutput();
    expect((await cli.ended).code).toBe(0);
    const deliver = startCli(['deliver'], { env: { CRM_OUTBOX: outbox(), CRM_BASE_URL: crm.url }, input: '' });
    deliver.closeOutput();
    expect((await deliver.ended).code).toBe(0);
    const left = await openOutboxIn(outbox());
    expect(left.counts()).toMatchObject({ pending: 0, dead: 0 });
    left.close();
  });

  const itHasFullDevice = existsSync('/dev/full') ? it : it.skip;

  itHasFullDevice('fails where the output cannot be written, as on a full disk', async () => {
    await prepareOutbox(outbox(), { count: 0, deadCount: 3 });
    const full = openSync('/dev/full', 'w');
    const args = [main, 'outbox', 'export', '--dead', '--outbox', outbox()];
    const child = spawn(process.execPath, args, { stdio: ['ignore', full, 'pipe'] });
    closeSync(full);
    const [stderr] = await Promise.all([text(child.stderr!), once(child, 'close')]);
    expect(stderr).toContain('The output is not complete: it cannot be written (ENOSPC)');
    expect(child.exitCode).toBe(1);
  });

  it('does not crash on a closed standard error either', async () => {
    const child = spawn(process.execPath, [main, 'check', '--base-url', 'http://127.0.0.1:1'], { stdio: 'pipe' });
    child.stderr.destroy();
    child.stdout.destroy();
    expect(await once(child, 'close')).toEqual([1, null]);
  });
});
