import { claimOutbox } from '../../src/post-office/outbox-claim.js';
import { acquireLock } from '../../src/outbox/sqlite/lock-file.js';
import { loadSqlite } from '../../src/outbox/sqlite/sqlite-driver.js';
import { usePrograms } from '../helpers/child-program.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { join } from 'node:path';

const packageEntry = join(__dirname, '../../dist/cjs/index.js');

/** What a thread says that tries to make a notifier there, from the package as it is built. */
async function noticeOfThread(outbox: string): Promise<unknown> {
  const code = `
    const { parentPort } = require('node:worker_threads');
    const { createNotifier } = require(${JSON.stringify(packageEntry)});
    const logger = Object.fromEntries(['debug', 'info', 'warn', 'error'].map((level) => [level, () => undefined]));
    try {
      const crm = createNotifier({ outbox: ${JSON.stringify(outbox)}, thread: false, logger, env: {} });
      crm.close().then(() => parentPort.postMessage('made'));
    } catch (error) {
      parentPort.postMessage(error.message);
    }`;
  const worker = new Worker(code, { eval: true });
  const [[notice]] = await Promise.all([once(worker, 'message') as Promise<[unknown]>, once(worker, 'exit')]);
  return notice;
}

describe('a claimed outbox', () => {
  const start = usePrograms();
  const directory = useTempDirectory();

  it('stays locked against other processes when a second claim is refused', async () => {
    const claim = claimOutbox(directory());
    const lock = acquireLock(loadSqlite(), claim.file, 0);
    expect(() => claimOutbox(directory())).toThrow('another notifier of this process');
    // Had the second one so much as opened and closed the file, the first one's lock would be gone now.
    const other = start('hold-lock', { args: [claim.file] });
    expect(await other.line('')).toBe('refused');
    lock?.release();
    claim.release();
  });

  it('A5: is refused to another thread of the process, which leaves its locks alone, until it is released', async () => {
    const claim = claimOutbox(directory());
    const lock = acquireLock(loadSqlite(), claim.file, 0);
    expect(await noticeOfThread(directory())).toContain('another notifier of this process');
    expect(await start('hold-lock', { args: [claim.file] }).line('')).toBe('refused');
    lock?.release();
    claim.release();
    expect(await noticeOfThread(directory())).toBe('made');
  });

  it.each([
    ['its file', (claimed: string) => join(claimed, 'outbox.db-claim')],
    ['its directory', (claimed: string) => claimed],
  ])('A5: is claimed again when %s was deleted', async (_what, toDelete) => {
    const outbox = join(directory(), 'outbox');
    const claim = claimOutbox(outbox);
    rmSync(toDelete(outbox), { recursive: true });
    // The outbox makes its directory again.
    mkdirSync(outbox, { recursive: true });
    while (!existsSync(join(outbox, 'outbox.db-claim'))) await setTimeout(20);
    expect(await noticeOfThread(outbox)).toContain('another notifier of this process');
    claim.release();
    expect(await noticeOfThread(outbox)).toBe('made');
  });

  it('A5: is free again when the thread that had it has ended without a word', async () => {
    const code = `require(${JSON.stringify(packageEntry)}).createNotifier({ outbox: ${JSON.stringify(directory())}, env: {} });
      setImmediate(() => process.exit());`;
    await once(new Worker(code, { eval: true, stdout: true }), 'exit');
    claimOutbox(directory()).release();
  });

  it('is not claimed when its place was refused', () => {
    writeFileSync(join(directory(), 'outbox.db'), 'notes');
    expect(() => claimOutbox(directory())).toThrow('not an SQLite file');
    writeFileSync(join(directory(), 'outbox.db'), '');
    claimOutbox(directory()).release();
  });

  it('is known to another copy of the package, by a register on the global object', () => {
    const claim = claimOutbox(directory());
    jest.isolateModules(() => {
      const copy = jest.requireActual<{ claimOutbox: typeof claimOutbox }>('../../src/post-office/outbox-claim.js');
      expect(copy.claimOutbox).not.toBe(claimOutbox);
      expect(() => copy.claimOutbox(directory())).toThrow('another notifier of this process');
    });
    claim.release();
  });
});
