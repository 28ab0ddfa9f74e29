import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { historyFileOf } from '../../src/history/history-file.js';
import { CRMOutboxError, type NotifierOptions } from '../../src/index.js';
import { loadSqlite } from '../../src/outbox/sqlite/sqlite-driver.js';
import { createOwnedClock, type OwnedClock } from '../../src/testing/owned-clock.js';
import { settle, useNotifiers } from '../helpers/observed-notifier.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { idsOf, useCrm } from '../helpers/use-crm.js';
import { describeOnPostgres, usePostgres } from '../helpers/use-postgres.js';
import { useAppDatabases } from '../helpers/use-postgres-notifiers.js';

const waits = 'CRM delivery waits, because it cannot be read what is paused by hand: ';

describe('delivery while it cannot be read what is paused by hand', () => {
  const create = useNotifiers();
  const startCrm = useCrm();
  const directory = useTempDirectory();
  let clock: OwnedClock;
  let options: NotifierOptions;
  beforeEach(() => {
    clock = createOwnedClock();
    options = { outbox: directory(), sync: 'normal', clock };
  });
  const history = (): string => historyFileOf(join(directory(), 'outbox.db'));

  /** As a tool does that stands still in the middle of a transaction. Returns what ends that. */
  const lock = (): (() => void) => {
    const database = loadSqlite()(history());
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    return () => {
      database.exec('ROLLBACK');
      database.close();
    };
  };

  it('starts nothing, says so once, and obeys what was paused once that can be read', async () => {
    const crm = await startCrm();
    const before = create({ ...options, baseUrl: crm.url });
    await before.notifier.pause({ by: 'ada' });
    const [first] = await before.accept('a');
    await before.close(60_000);
    const unlock = lock();
    const startedAt = clock.now();
    const { notifier, accept, stats, log, told, ready } = create({ ...options, baseUrl: crm.url });
    await ready();
    const [second] = await accept('b');
    await clock.advance(3_000);
    expect(crm.received).toEqual([]);
    const fix = `another process holds ${history()} locked: see which one stands still`;
    const reason = expect.stringContaining(fix) as string;
    expect(await stats()).toMatchObject({ pending: 2, pausesUnknown: { reason, since: startedAt } });
    expect(log.at('warn')).toMatchObject([{ message: expect.stringContaining(waits + fix) }]);
    // Nobody waits for it, and nobody is told that it was tried.
    expect(await notifier.flush({ timeoutMs: 60_000 })).toMatchObject({ delivered: 0, pending: 2 });
    await expect(notifier.tryNow(String(first))).rejects.toBeInstanceOf(CRMOutboxError);

    unlock();
    await clock.advance(1_000);
    await settle(clock);
    expect(crm.received).toEqual([]);
    expect(told('pausedByHand')).toMatchObject([{ target: 'crm', by: 'ada' }]);
    expect(await stats()).toMatchObject({ pausesUnknown: null, targets: { crm: { pausedByHand: { by: 'ada' } } } });
    expect(log.at('info').map(({ message }) => message)).toContain('CRM: it can be read again what is paused by hand');
    await notifier.resume();
    expect(new Set(idsOf(await crm.waitFor(2)))).toEqual(new Set([first, second]));
  });

  it('says so as an ERROR after a minute, and goes on by itself once the history is moved away', async () => {
    const crm = await startCrm();
    mkdirSync(history());
    const closed = create({ ...options, baseUrl: crm.url });
    const [id] = await closed.accept('a');
    expect(await closed.notifier.close({ timeoutMs: 60_000 })).toMatchObject({ delivered: 0, pending: 1 });
    const { ready, log } = create({ ...options, baseUrl: crm.url });
    await ready();
    await clock.advance(59_000);
    expect(log.at('error')).toEqual([]);
    await clock.advance(60_000);
    expect(crm.received).toEqual([]);
    expect(log.at('error')).toMatchObject([
      { message: expect.stringMatching(/^CRM delivery still waits after 1 min/) },
    ]);
    expect(log.at('warn')).toEqual([
      expect.objectContaining({
        message: expect.stringMatching(
          /move it away: it is begun anew, with nothing paused but what a running app knows of$/,
        ),
      }),
    ]);
    rmdirSync(history());
    await clock.advance(1_000);
    expect(idsOf(await crm.waitFor(1))).toEqual([id]);
  });

  it.each<[string, () => void]>([
    ['missing', () => undefined],
    ['damaged', () => writeFileSync(history(), 'x'.repeat(8_192))],
    ['empty, as on a disk that was full', () => writeFileSync(history(), '')],
  ])('is not held up by a history that is %s', async (_what, befall) => {
    const crm = await startCrm();
    befall();
    const { accept, stats } = create({ ...options, baseUrl: crm.url });
    const [id] = await accept('a');
    await settle(clock);
    expect(idsOf(await crm.waitFor(1))).toEqual([id]);
    expect((await stats()).pausesUnknown).toBeNull();
  });
});

describeOnPostgres('delivery from PostgreSQL while it cannot be read what is paused by hand', () => {
  const create = useNotifiers();
  const startCrm = useCrm();
  const createDatabase = usePostgres();
  const connect = useAppDatabases();

  it('starts nothing, and shows why to all processes', async () => {
    const crm = await startCrm();
    const options = { baseUrl: crm.url, outbox: await createDatabase() };
    const before = create(options);
    await before.ready();
    await before.notifier.pause({ by: 'ada' });
    const [id] = await before.accept('a');
    await before.close();
    const { rows } = await connect(options.outbox);
    await rows('ALTER TABLE crm_outbox_pauses RENAME TO moved');
    // It can be looked at, and not be read.
    await rows('CREATE VIEW crm_outbox_pauses AS SELECT * FROM moved WHERE 1 / (number - number) = 1');
    const { notifier, stats, ready, close } = create(options);
    await ready();
    const cause = { kind: 'pausesUnknown', reason: expect.stringMatching(/^PostgreSQL: .*22012/) };
    expect(await stats()).toMatchObject({ isDelivering: true, pausesUnknown: { reason: cause.reason } });
    const [self] = (await notifier.processes())!;
    expect(self).toMatchObject({ isLeader: true, targets: { crm: { pause: { cause } } } });
    expect(await notifier.flush()).toMatchObject({ delivered: 0, pending: 1 });
    expect(crm.received).toEqual([]);
    await rows('DROP VIEW crm_outbox_pauses; ALTER TABLE moved RENAME TO crm_outbox_pauses');
    expect(await notifier.resume()).toBe(1);
    expect(idsOf(await crm.waitFor(1))).toEqual([id]);
    await close();
  });
});
