import type { NotifierOptions } from '../../src/index.js';
import {
  notificationIn,
  passTimeUntil,
  settle,
  useNotifiers,
  type ObservedNotifier,
} from '../helpers/observed-notifier.js';
import { createOwnedClock, type OwnedClock } from '../../src/testing/owned-clock.js';
import { accept, inTurn, reply } from '../helpers/scripted-crm.js';
import { openOutboxIn } from '../helpers/sqlite-outbox.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { idsOf, laneOf, useCrm } from '../helpers/use-crm.js';

const dayMs = 86_400_000;

describe('a notifier that finds an outbox', () => {
  const create = useNotifiers();
  const start = useCrm();
  const directory = useTempDirectory();
  let clock: OwnedClock;
  beforeEach(() => {
    clock = createOwnedClock();
  });

  const createOnDisk = (options: NotifierOptions): ObservedNotifier =>
    create({ outbox: directory(), sync: 'normal', clock, ...options });

  it('delivers what was pending, each lane in order, before what it accepts itself', async () => {
    const gone = await start();
    await gone.close();
    const before = createOnDisk({ baseUrl: gone.url });
    const ids = await before.accept('a', 'b', 'a', 'c', 'a', 'b');
    expect(await before.close(1)).toEqual({ delivered: 0, pending: 6, dead: 0 });

    const crm = await start();
    const after = createOnDisk({ baseUrl: crm.url });
    const [last] = await after.accept('a');
    await after.hear('delivered', 7);
    expect(new Set(idsOf(crm.received))).toEqual(new Set([...ids, last]));
    expect(idsOf(crm.received.filter((received) => laneOf(received) === 'a'))).toEqual([ids[0], ids[2], ids[4], last]);
    expect(idsOf(crm.received.filter((received) => laneOf(received) === 'b'))).toEqual([ids[1], ids[5]]);
    // Its counters begin with it; what is pending is everybody's.
    expect(await after.stats()).toMatchObject({ accepted: 1, delivered: 7, pending: 0, pendingBytes: 0 });
  });

  it('delivers it to the CRM of its own options, whatever an earlier one had (case 73)', async () => {
    const [first, second] = [await start(reply(503)), await start()];
    const before = createOnDisk({ baseUrl: first.url, authToken: 'first-token-0123456789' });
    await before.accept('a');
    await before.hear('retry');
    await before.close();
    const after = createOnDisk({ baseUrl: `${second.url}/base`, authToken: 'second-token-0123456789' });
    await passTimeUntil(after.hear('delivered'), clock);
    expect(second.received).toMatchObject([
      { url: '/base/notify', headers: { authorization: 'Bearer second-token-0123456789' } },
    ]);
  });

  it('goes on counting attempts, and waits for the stored instants', async () => {
    const crm = await start(inTurn(reply(503), reply(503, '', { 'retry-after': '100' }), accept));
    const before = createOnDisk({ baseUrl: crm.url });
    const [id] = await before.accept('a');
    await passTimeUntil(before.hear('retry', 2), clock);
    await settle(clock);
    const at = clock.now();
    await clock.advance(40_000);
    expect((await before.close()).pending).toBe(1);

    const outbox = await openOutboxIn(directory());
    expect(outbox.readAfter('crm', 0, 10)).toMatchObject([
      { id, attempts: 2, nextAttemptAt: expect.any(Number) as number },
    ]);
    const waitMs = outbox.readAfter('crm', 0, 10)[0]!.nextAttemptAt - clock.now();
    outbox.close();
    expect(at + 100_000 - clock.now() - waitMs).toBeLessThan(20);

    const after = createOnDisk({ baseUrl: crm.url });
    await after.ready();
    await settle(clock);
    await clock.advance(waitMs - 1);
    expect(crm.received).toHaveLength(2);
    await clock.advance(1);
    expect(await after.hear('delivered')).toMatchObject([{ id, attempts: 3 }]);
    expect(crm.received.map(({ headers }) => headers['x-retry-count'])).toEqual([undefined, '1', '2']);
    expect(new Set(crm.received.map(({ text }) => text)).size).toBe(1);
  });

  it('keeps its age over a restart: too old at the next failure is a dead letter', async () => {
    const crm = await start(reply(503));
    const retry = { firstDelayMs: 1, maxDelayMs: 1, maxAgeMs: 60_000 };
    const before = createOnDisk({ baseUrl: crm.url, retry });
    await before.accept('a');
    await before.hear('retry');
    await before.close();
    await clock.advance(60_001);
    const after = createOnDisk({ baseUrl: crm.url, retry });
    expect((await passTimeUntil(after.hear('dead'), clock))[0]).toMatchObject({ reason: { kind: 'expired' } });
  });

  describe('when the wall clock jumps (case 70)', () => {
    const retry = { firstDelayMs: 10_000, maxDelayMs: 10_000, maxRetryAfterMs: 10_000 };

    it.each([
      ['a day on', dayMs],
      ['a day back', -dayMs],
      ['an hour on', dayMs / 24],
      ['an hour back', -dayMs / 24],
    ])('keeps to its back-off while it runs: %s', async (_where, jumpMs) => {
      const crm = await start(reply(503, '', { 'retry-after': '10' }));
      const notifier = createOnDisk({ baseUrl: crm.url, retry });
      await notifier.accept('a');
      for (let count = 1; count <= 4; count += 1) {
        await notifier.hear('retry', count);
        await settle(clock);
        clock.jumpWall(count % 2 === 1 ? jumpMs : -jumpMs);
        await clock.advance(9_999);
        expect(crm.received).toHaveLength(count);
        await clock.advance(1);
        await crm.waitFor(count + 1);
      }
      crm.answerWith(accept);
      expect(notifier.told('dead')).toEqual([]);
      await passTimeUntil(notifier.hear('delivered'), clock);
      expect((await notifier.stats()).oldestAgeMs).toBe(0);
    });

    it.each([
      ['a day on', dayMs, 0],
      ['a day back', -dayMs, 10_000],
    ])('neither stalls nor storms at the next start: %s', async (_where, jumpMs, waitMs) => {
      const crm = await start(reply(503, '', { 'retry-after': '10' }));
      const before = createOnDisk({ baseUrl: crm.url, retry });
      await before.accept('a', 'b', 'c');
      await before.hear('retry', 3);
      const retriedAtMs = clock.monotonicMs();
      await before.close();
      const ranMs = clock.monotonicMs() - retriedAtMs;
      clock.jumpWall(jumpMs);

      const after = createOnDisk({ baseUrl: crm.url, retry });
      await after.ready();
      await clock.advance(Math.max(0, waitMs - ranMs - 1));
      if (waitMs > 0) expect(crm.received).toHaveLength(3);
      await clock.advance(1);
      await after.hear('retry', 3);
      await settle(clock);
      // From here on as ever: one attempt for each back-off.
      await clock.advance(9_990);
      expect(crm.received).toHaveLength(6);
      crm.answerWith(accept);
      await passTimeUntil(after.hear('delivered', 3), clock);
      expect(crm.received).toHaveLength(9);
    });
  });

  describe('when maxPending is reached (case 72)', () => {
    it.each([
      ['count', { count: 3 }],
      // One is a little under 200 bytes.
      ['bytes', { bytes: 700 }],
    ])('rejects what comes after, by %s, and says so each time', async (_by, maxPending) => {
      const gone = await start();
      await gone.close();
      const notifier = createOnDisk({ baseUrl: gone.url, maxPending });
      const receipts = await Promise.all(
        Array.from({ length: 5 }, (_, index) => notifier.notifier.notify(notificationIn(`lane:${index}`))),
      );
      expect(receipts.map(({ accepted }) => accepted)).toEqual([true, true, true, false, false]);
      const errors = receipts.flatMap((receipt) => (receipt.accepted ? [] : [receipt.error]));
      for (const error of errors) {
        expect(error).toMatchObject({ code: 'ERR_CRM_OUTBOX', retryable: true });
        expect(error.message).toContain('raise maxPending.');
      }
      expect(notifier.told('rejected')).toEqual(errors.map((error) => ({ type: 'user_moved', error })));
      const lines = notifier.log.at('error').filter(({ message }) => message.includes('rejected'));
      expect(lines).toHaveLength(2);
      expect(await notifier.stats()).toMatchObject({ accepted: 3, rejected: 2, pending: 3 });

      // Room again, once the CRM is back.
      const crm = await start(accept, gone.port);
      await passTimeUntil(notifier.hear('delivered', 3), clock);
      await notifier.accept('later');
      await notifier.hear('delivered', 4);
      expect(idsOf(crm.received)).toEqual(notifier.told('accepted').map(({ id }) => id));
    });

    it('counts what an earlier process left, too', async () => {
      const gone = await start();
      await gone.close();
      const before = createOnDisk({ baseUrl: gone.url });
      await before.accept('a', 'b');
      await before.close(1);
      const after = createOnDisk({ baseUrl: gone.url, maxPending: { count: 3 } });
      const receipts = [];
      for (const lane of ['c', 'd']) receipts.push(await after.notifier.notify(notificationIn(lane)));
      expect(receipts.map(({ accepted }) => accepted)).toEqual([true, false]);
    });
  });
});
