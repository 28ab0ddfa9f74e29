import { join } from 'node:path';
import type { SqliteDatabase } from '../../src/outbox/sqlite/sqlite-driver.js';
import { loadSqlite } from '../../src/outbox/sqlite/sqlite-driver.js';
import { sampleNotifications } from '../helpers/sample-notification.js';
import { createLogCollector } from '../helpers/log-collector.js';
import { openOutboxIn } from '../helpers/sqlite-outbox.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { useCrm } from '../helpers/use-crm.js';
import { builtPackage, builtThreadFile } from './built-thread.js';
import { useBuiltPrograms } from './built-program.js';
import { threadHost, useOffices } from './observed-office.js';

// SQLite waits five seconds for a lock.
jest.setTimeout(30_000);

describe('an outbox that somebody else has locked', () => {
  const createOffice = useOffices(threadHost(builtThreadFile));
  const run = useBuiltPrograms();
  const start = useCrm();
  const directory = useTempDirectory();
  const others: SqliteDatabase[] = [];
  afterEach(() => {
    for (const other of others.splice(0)) other.close();
  });

  const lock = async (): Promise<() => void> => {
    const other = loadSqlite()(join(directory(), 'outbox.db'));
    others.push(other);
    other.exec('BEGIN IMMEDIATE');
    return () => {
      other.exec('ROLLBACK');
    };
  };
  const storedIds = async (): Promise<string[]> => {
    const outbox = await openOutboxIn(directory());
    const ids = outbox.readAfter('crm', 0, 100).map(({ id }) => id);
    outbox.close();
    return ids;
  };
  const goneUrl = async (): Promise<string> => {
    const crm = await start();
    await crm.close();
    return crm.url;
  };

  it('A7: refuses nothing at a close that it stores afterwards, and says what may be pending', async () => {
    // Nothing to settle, which would wait for the lock before the batch does.
    const crm = await start(() => undefined);
    const office = createOffice({ baseUrl: crm.url, outbox: directory() });
    const [before, during] = [sampleNotifications(2), sampleNotifications(3)];
    await office.accept(before);
    const unlock = await lock();
    const stored = office.accept(during);
    await expect(office.close(50)).rejects.toMatchObject({ code: 'ERR_CRM_OUTBOX' });
    expect(office.lastKnown()).toEqual({ delivered: 0, pending: 5, dead: 0 });
    unlock();
    // It was begun, so the thread says what became of it.
    expect(await stored).toEqual(during.map(() => ({ accepted: true })));
    while (office.closedCount === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(await storedIds()).toEqual([...before, ...during].map(({ id }) => id));
  });

  it('ends a flush at its time limit and what closing takes', async () => {
    const office = createOffice({ baseUrl: await goneUrl(), outbox: directory() });
    await office.accept(sampleNotifications(2));
    const unlock = await lock();
    const stored = office.accept(sampleNotifications(1));
    await expect(office.flush(50)).rejects.toMatchObject({ code: 'ERR_CRM_OUTBOX' });
    expect(office.lastKnown()).toMatchObject({ pending: 3 });
    unlock();
    expect(await stored).toEqual([{ accepted: true }]);
    expect(await office.flush(1)).toMatchObject({ pending: 3 });
  });

  it('is reported as what it is, once SQLite has waited', async () => {
    const office = createOffice({ baseUrl: await goneUrl(), outbox: directory() });
    await office.accept(sampleNotifications(1));
    const unlock = await lock();
    const [acceptance] = await office.accept(sampleNotifications(1));
    unlock();
    expect(acceptance).toMatchObject({ reason: 'failed', detail: expect.stringContaining('another process') });
    expect(await office.hear('outboxFailed')).toContainEqual(
      expect.objectContaining({
        operation: 'append',
        error: expect.objectContaining({ message: expect.stringContaining('another process has held') as string }),
      }),
    );
  });

  it('F20: a start that takes long leaves one notification under one id', async () => {
    const office = createOffice({ baseUrl: await goneUrl(), outbox: directory() });
    await office.accept([]);
    await office.close(1_000);
    const unlock = await lock();
    const { createNotifier } = builtPackage();
    const logger = createLogCollector();
    const options = {
      baseUrl: await goneUrl(),
      outbox: directory(),
      holdMs: 20,
      authToken: 'a-token',
      env: {},
      logger,
    };
    await using crm = createNotifier(options);
    const accepting = crm.notify({ notificationType: 'seen', userId: 1, message: 'Seen' });
    // Longer than `holdMs`, and much shorter than SQLite waits for a lock.
    await new Promise((resolve) => setTimeout(resolve, 500));
    unlock();
    const receipt = await accepting;
    const known = receipt.accepted && !receipt.isStored ? await receipt.outcome : receipt;
    expect(receipt).toMatchObject({ accepted: true, id: expect.any(String) as string });
    expect(known).toEqual({ accepted: true, isStored: true, id: receipt.accepted && receipt.id });
    await crm.close();
    expect(await storedIds()).toEqual([receipt.accepted && receipt.id]);
  });

  it('A1: holds a first response until the thread has opened it, however small holdMs is', async () => {
    const options = { baseUrl: await goneUrl(), outbox: directory(), holdMs: 20 };
    const program = run({
      file: 'short-app.mjs',
      args: [JSON.stringify({ options, count: 1, then: 'stop' })],
    });
    const [id] = await program.said('accepted');
    program.kill('SIGKILL');
    await program.ended;
    expect(await storedIds()).toEqual([id]);
    expect(program.lines.filter((line) => line.includes('has not answered'))).toEqual([]);
  });
});
