import { copyFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Outbox } from '../../../src/outbox/outbox.js';
import { createOwnedClock } from '../../../src/testing/owned-clock.js';
import { passTimeUntil, useNotifiers } from '../../helpers/observed-notifier.js';
import { sampleAt, sampleNotification } from '../../helpers/sample-notification.js';
import { reply } from '../../helpers/scripted-crm.js';
import { openOutboxIn } from '../../helpers/sqlite-outbox.js';
import { settleIn } from '../../helpers/settle-in.js';
import { useTempDirectory } from '../../helpers/temp-directory.js';
import { useCrm } from '../../helpers/use-crm.js';

const minuteMs = 60_000;
const yearMs = 365 * 86_400_000;

describe('two files, each of which went by a clock of its own (A2, A8)', () => {
  const root = useTempDirectory();
  const create = useNotifiers();
  const start = useCrm();
  const opened: Outbox[] = [];
  afterEach(() => {
    for (const outbox of opened.splice(0)) outbox.close();
  });

  /** One pending for a minute, one that waits for a minute, and one dead for a minute. */
  const fill = async (directory: string, usedTo: number): Promise<Outbox> => {
    const outbox = await openOutboxIn(directory);
    opened.push(outbox);
    for (const type of ['pending', 'waiting', 'dead']) {
      outbox.append([sampleNotification({ type, lane: type })], undefined, usedTo - minuteMs);
    }
    const [, waiting, dead] = outbox.readAfter('crm', 0, 9).map(({ position }) => position);
    settleIn(outbox, [
      { kind: 'retry', position: waiting!, attempts: 1, nextAttemptAt: usedTo + minuteMs },
      {
        kind: 'dead',
        position: dead!,
        attempts: 1,
        diedAt: usedTo - minuteMs,
        reason: { kind: 'rejected', detail: '' },
      },
    ]);
    outbox.noteUse({ from: usedTo - minuteMs, to: usedTo });
    return outbox;
  };

  it.each([
    ['ahead', yearMs],
    ['behind', -yearMs],
    ['the same', 0],
  ])('come to one in which everything is as old as it was: the other is %s', async (_where, aheadMs) => {
    const [mine, other] = [join(root(), 'mine'), join(root(), 'other')];
    const outbox = await fill(mine, sampleAt);
    (await fill(other, sampleAt + aheadMs)).close();
    rmSync(join(mine, 'outbox.db-wal'));
    rmSync(join(mine, 'outbox.db-shm'));
    copyFileSync(join(other, 'outbox.db'), join(mine, 'new.db'));
    renameSync(join(mine, 'new.db'), join(mine, 'outbox.db'));
    outbox.maintain();

    const { to } = outbox.lastUse();
    expect(to).toBe(sampleAt + Math.max(0, aheadMs));
    const pending = outbox.readAfter('crm', 0, 9);
    expect(pending.map(({ type }) => type).sort()).toEqual(['pending', 'pending', 'waiting', 'waiting']);
    for (const { acceptedAt } of pending) expect(to - acceptedAt).toBe(minuteMs);
    for (const { type, nextAttemptAt } of pending) {
      expect(nextAttemptAt).toBe(type === 'waiting' ? to + minuteMs : 0);
    }
    expect(outbox.listDead({ limit: 9 }).map(({ diedAt }) => to - diedAt)).toEqual([minuteMs, minuteMs]);
  });

  it('leaves what comes from a file whose use was never noted as it is', async () => {
    const [mine, other] = [join(root(), 'mine'), join(root(), 'other')];
    const outbox = await fill(mine, sampleAt);
    outbox.noteUse({ from: 0, to: 0 });
    (await fill(other, sampleAt)).close();
    copyFileSync(join(other, 'outbox.db'), join(mine, 'new.db'));
    renameSync(join(mine, 'new.db'), join(mine, 'outbox.db'));
    outbox.maintain();
    const accepted = outbox.readAfter('crm', 0, 9).map(({ acceptedAt }) => acceptedAt);
    expect(accepted).toEqual(new Array(4).fill(sampleAt - minuteMs));
  });

  it('redelivers by its own clock, whatever clock the caller goes by', async () => {
    const outbox = await fill(join(root(), 'mine'), sampleAt);
    const [first] = outbox.readAfter('crm', 0, 1);
    const reason = { kind: 'rejected', detail: 'no' } as const;
    const dead = outbox.readAfter('crm', 0, 2).map((entry) => ({ ...entry, attempts: 1, diedAt: sampleAt, reason }));
    outbox.settle(dead.map((entry) => ({ ...entry, kind: 'dead' as const })));
    const { to } = outbox.lastUse();
    outbox.redeliver(first!.id, sampleAt - 864_000_000);
    outbox.redeliverOldest({ upTo: 9, limit: 9 }, sampleAt - 864_000_000);
    const redelivered = outbox.readAfter('crm', 4, 9);
    expect(redelivered.map(({ acceptedAt }) => acceptedAt)).toEqual([to, to]);
    outbox.close();
  });

  it('never sets the clock of an outbox back that has something in it, whoever is behind', async () => {
    const outbox = await fill(join(root(), 'mine'), sampleAt);
    outbox.noteUse({ from: sampleAt - yearMs, to: sampleAt - minuteMs });
    expect(outbox.lastUse()).toEqual({ from: sampleAt - yearMs, to: sampleAt });
  });

  it('let nothing expire and nothing wait, of what was there and of what is accepted after', async () => {
    const [mine, other] = [join(root(), 'mine'), join(root(), 'other')];
    (await fill(other, sampleAt + yearMs)).close();
    const crm = await start(reply(503));
    const retry = { firstDelayMs: 10, maxDelayMs: 10, maxAgeMs: 10 * minuteMs };
    const clock = createOwnedClock();
    const notifier = create({ baseUrl: crm.url, outbox: mine, sync: 'normal', clock, retry });
    const [before] = await notifier.accept('before');
    await notifier.hear('retry');
    copyFileSync(join(other, 'outbox.db'), join(mine, 'outbox.db-new'));
    renameSync(join(mine, 'outbox.db-new'), join(mine, 'outbox.db'));
    const [within] = await notifier.accept('within');
    await clock.advance(1_000);
    const [after] = await notifier.accept('after');
    await passTimeUntil(notifier.hear('retry', 12), clock);
    expect(notifier.told('dead')).toEqual([]);
    crm.answerWith((_received, res) => res.end('{}'));
    await clock.advance(2_000);
    const delivered = await passTimeUntil(notifier.hear('delivered', 4), clock);
    expect(delivered.map(({ id }) => id)).toEqual(expect.arrayContaining([before, within, after]));
    expect(await notifier.stats()).toMatchObject({ dead: 1 });
  });
});
