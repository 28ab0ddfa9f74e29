import { mkdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { changePause } from '../../src/cli/outbox/change-pause.js';
import { historyFileOf } from '../../src/history/history-file.js';
import { CRMOutboxError, CRMValidationError, type NotifierOptions } from '../../src/index.js';
import { loadSqlite } from '../../src/outbox/sqlite/sqlite-driver.js';
import { createOwnedClock, type OwnedClock } from '../../src/testing/owned-clock.js';
import { settle, useNotifiers } from '../helpers/observed-notifier.js';
import { accept, reply } from '../helpers/scripted-crm.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { idsOf, useCrm } from '../helpers/use-crm.js';

const minuteMs = 60_000;

describe('delivery that is paused by hand', () => {
  const create = useNotifiers();
  const startCrm = useCrm();
  const directory = useTempDirectory();
  let clock: OwnedClock;
  beforeEach(() => {
    clock = createOwnedClock();
  });

  it('lets what is under way end, starts nothing, loses nothing and lets nothing expire, until it is resumed', async () => {
    const held: (() => void)[] = [];
    const crm = await startCrm((received, res) => {
      if (held.push(() => void accept(received, res)) > 1) void accept(received, res);
    });
    const {
      notifier,
      accept: notify,
      stats,
      hear,
      told,
      log,
    } = create({
      baseUrl: crm.url,
      clock,
      retry: { maxAgeMs: minuteMs },
    });
    const [first] = await notify('a');
    await crm.waitFor(1);
    expect(await notifier.pause({ by: 'ada' })).toBe(1);
    const pausedAt = clock.now();
    expect(await notifier.pause({ by: 'bob' })).toBe(0);
    held[0]!();
    await hear('delivered');
    const waiting = await notify('a', 'b', 'c');
    await clock.advance(5 * minuteMs);
    expect(idsOf(crm.received)).toEqual([first]);
    const pausedByHand = { by: 'ada', since: pausedAt };
    expect(await stats()).toMatchObject({ pending: 3, dead: 0, circuit: 'closed', targets: { crm: { pausedByHand } } });
    const [self] = (await notifier.processes())!;
    const pause = { cause: { kind: 'byHand', by: 'ada' }, since: pausedAt };
    expect(self).toMatchObject({ isLeader: true, targets: { crm: { circuit: 'closed', pause } } });
    // It is not waited for.
    expect(await notifier.flush({ timeoutMs: 60_000 })).toMatchObject({ pending: 3 });

    expect(await notifier.resume({ by: 'bob' })).toBe(1);
    await hear('delivered', 4);
    expect(new Set(idsOf(crm.received))).toEqual(new Set([first, ...waiting]));
    expect(await notifier.resume()).toBe(0);
    expect((await stats()).targets['crm']?.pausedByHand).toBeNull();
    expect(told('pausedByHand')).toEqual([{ target: 'crm', by: 'ada', since: pausedAt }]);
    expect(told('resumedByHand')).toEqual([{ target: 'crm', by: 'bob' }]);
    expect(log.at('info').filter(({ message }) => message.includes('by hand'))).toMatchObject([
      { message: 'CRM delivery is paused by hand; notifications are accepted and wait', fields: { by: 'ada' } },
      { message: 'CRM delivery was resumed by hand', fields: { by: 'bob' } },
    ]);
  });

  it('ends a flush that waits for what is paused meanwhile', async () => {
    const held: (() => void)[] = [];
    const crm = await startCrm((received, res) => void held.push(() => void accept(received, res)));
    const { notifier, accept: notify } = create({ baseUrl: crm.url, clock, concurrency: 1 });
    await notify('a', 'b');
    await crm.waitFor(1);
    const flushed = notifier.flush({ timeoutMs: 60 * minuteMs });
    await notifier.pause();
    held[0]!();
    expect(await flushed).toMatchObject({ delivered: 1, pending: 1 });
    expect(held).toHaveLength(1);
  });

  it('is that of one target, or of all at once and then of all but one', async () => {
    const [crm, sales] = [await startCrm(), await startCrm()];
    const {
      notifier,
      accept: notify,
      stats,
    } = create({
      clock,
      targets: { crm: { baseUrl: crm.url, authToken: 'a' }, sales: { baseUrl: sales.url, authToken: 'b' } },
    });
    await notifier.pause({ target: 'sales', by: 'ada' });
    const [first] = await notify('a');
    await crm.waitFor(1);
    await settle(clock);
    expect(sales.received).toHaveLength(0);
    expect(await notifier.pause({ by: 'bob' })).toBe(1);
    const pausedBy = async () =>
      Object.values((await stats()).targets).map(({ pausedByHand }) => pausedByHand?.by ?? null);
    expect(await pausedBy()).toEqual(['bob', 'ada']);
    expect(await notifier.resume({ target: 'sales' })).toBe(1);
    expect(idsOf(await sales.waitFor(1))).toEqual([first]);
    const [second] = await notify('a');
    expect(idsOf(await sales.waitFor(2))).toEqual([first, second]);
    expect(crm.received).toHaveLength(1);
    expect(await pausedBy()).toEqual(['bob', null]);
    await expect(notifier.pause({ target: 'slaes', by: 'a\nb' })).rejects.toThrow(
      'crm.pause(): target: is not configured; there are crm, sales; by: must be a text of 1 to 200 characters in one line',
    );
    await expect(notifier.resume({ target: 'slaes' })).rejects.toBeInstanceOf(CRMValidationError);
    await notifier.resume();
    await crm.waitFor(2);
  });

  it('goes on as last known while what is paused cannot be read, with one WARN', async () => {
    const crm = await startCrm();
    const { notifier, accept: notify, told, log } = create({ baseUrl: crm.url, outbox: directory(), clock });
    await notifier.pause();
    const history = historyFileOf(join(directory(), 'outbox.db'));
    rmSync(history);
    mkdirSync(history);
    await notify('a');
    await clock.advance(10_000);
    expect(crm.received).toEqual([]);
    expect(log.at('warn')).toMatchObject([{ message: expect.stringMatching(/^CRM history: /) }]);
    // It is begun anew, with the pauses that this process knows of.
    rmdirSync(history);
    await clock.advance(10_000);
    expect(crm.received).toEqual([]);
    expect(await notifier.resume({ by: 'ada' })).toBe(1);
    await crm.waitFor(1);
    expect(told('resumedByHand')).toEqual([{ target: 'crm', by: 'ada' }]);
  });

  it('waits while another process has the history locked, and says so when the notifier is closed meanwhile', async () => {
    const { notifier, ready, close } = create({ baseUrl: (await startCrm()).url, outbox: directory() });
    await ready();
    await notifier.processes();
    const database = loadSqlite()(historyFileOf(join(directory(), 'outbox.db')));
    database.exec('BEGIN IMMEDIATE');
    const paused = notifier.pause();
    await setTimeout(150);
    database.exec('COMMIT');
    expect(await paused).toBe(1);
    database.exec('BEGIN IMMEDIATE');
    const resumed = expect(notifier.resume()).rejects.toMatchObject({
      name: 'CRMOutboxError',
      message: expect.stringMatching(/^another process holds \S+ locked: see which one stands still/),
    });
    await close();
    await resumed;
    database.close();
  });

  it('stands once in a timeline, though each process that takes over obeys it', async () => {
    const crm = await startCrm(reply(503));
    const retry = { firstDelayMs: 60 * minuteMs, maxDelayMs: 60 * minuteMs };
    const options: NotifierOptions = { baseUrl: crm.url, outbox: directory(), retry };
    const before = create(options);
    const [id = ''] = await before.accept('a');
    await before.hear('retry');
    await before.notifier.pause({ by: 'ada' });
    await before.close(60_000);
    const after = create(options);
    await after.hear('pausedByHand');
    expect((await after.notifier.timeline(id)).targets).toMatchObject([
      { entries: [{ kind: 'retry' }, { kind: 'paused', by: 'ada' }] },
    ]);
  });

  it('outlives restarts, and is obeyed within two seconds of a change by another process', async () => {
    const crm = await startCrm();
    const options: NotifierOptions = { baseUrl: crm.url, outbox: directory(), sync: 'normal', clock };
    const before = create(options);
    await before.notifier.pause({ by: 'ada' });
    const [id] = await before.accept('a');
    expect(await before.close(60_000)).toEqual({ delivered: 0, pending: 1, dead: 0 });
    await expect(before.notifier.resume()).rejects.toBeInstanceOf(CRMOutboxError);

    const after = create(options);
    await after.ready();
    await clock.advance(5_000);
    expect(crm.received).toHaveLength(0);
    expect(after.told('pausedByHand')).toMatchObject([{ target: 'crm', by: 'ada' }]);
    await changePause(placeIn(directory()), { target: null, isPaused: false, by: 'bob' });
    await clock.advance(2_000);
    expect(idsOf(await crm.waitFor(1))).toEqual([id]);
    expect(after.told('resumedByHand')).toEqual([{ target: 'crm', by: 'bob' }]);
  });

  it('goes on after a restart, though another process resumes it before this one has looked again', async () => {
    const crm = await startCrm();
    const options: NotifierOptions = { baseUrl: crm.url, outbox: directory(), sync: 'normal', clock };
    const before = create(options);
    await before.notifier.pause();
    const [id] = await before.accept('a');
    await before.close(60_000);
    await create(options).ready();
    await changePause(placeIn(directory()), { target: null, isPaused: false, by: 'bob' });
    await clock.advance(2_000);
    expect(idsOf(await crm.waitFor(1))).toEqual([id]);
  });
});

/** As another process knows it. */
function placeIn(directory: string): Parameters<typeof changePause>[0] {
  return { kind: 'file', name: 'outbox', directory, file: join(directory, 'outbox.db') };
}
