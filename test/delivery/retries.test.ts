import { useNotifiers, settle, testToken } from '../helpers/observed-notifier.js';
import { createOwnedClock, type OwnedClock } from '../../src/testing/owned-clock.js';
import { accept, inTurn, reply, type Answer } from '../helpers/scripted-crm.js';
import { idsOf, laneOf, useCrm } from '../helpers/use-crm.js';

const reset: Answer = (_received, res) => res.socket?.destroy();

describe('delivery to a CRM that answers', () => {
  const create = useNotifiers();
  const start = useCrm();
  let clock: OwnedClock;
  beforeEach(() => {
    clock = createOwnedClock();
  });

  it('posts a notification once and forgets it', async () => {
    const crm = await start();
    const notifier = create({ baseUrl: crm.url, clock });
    const [id] = await notifier.accept('a');
    const [delivered] = await notifier.hear('delivered');
    expect(delivered).toMatchObject({ id, type: 'user_moved', attempts: 1, status: 200, isReplyNotJson: false });
    expect(crm.received).toHaveLength(1);
    expect(crm.received[0]).toMatchObject({
      method: 'POST',
      url: '/notify',
      headers: { 'idempotency-key': id, authorization: `Bearer ${testToken}` },
      json: { notification_id: id },
    });
    expect(crm.received[0]?.headers).not.toHaveProperty('x-retry-count');
    expect(await notifier.stats()).toMatchObject({ delivered: 1, pending: 0, pendingBytes: 0, inFlight: 0, dead: 0 });
  });

  it('tries again after a back-off, with the same id and the same bytes, and counts', async () => {
    const crm = await start(inTurn(reply(503), reply(500), accept));
    const notifier = create({ baseUrl: crm.url, clock, retry: { firstDelayMs: 1_000, maxDelayMs: 10_000 } });
    const [id] = await notifier.accept('a');

    const [first] = await notifier.hear('retry');
    expect(first).toMatchObject({ id, attempts: 1, status: 503, circuit: 'closed' });
    expect(first!.delayMs).toBeGreaterThanOrEqual(1);
    expect(first!.delayMs).toBeLessThanOrEqual(1_000);
    await settle(clock);
    await clock.advance(first!.delayMs - 1);
    expect(crm.received).toHaveLength(1);
    await clock.advance(1);

    const [, second] = await notifier.hear('retry', 2);
    expect(second!.delayMs).toBeLessThanOrEqual(2_000);
    await settle(clock);
    await clock.advance(second!.delayMs);

    expect(await notifier.hear('delivered')).toMatchObject([{ id, attempts: 3 }]);
    expect(crm.received.map(({ headers }) => headers['x-retry-count'])).toEqual([undefined, '1', '2']);
    expect(new Set(crm.received.map(({ text }) => text)).size).toBe(1);
    expect(new Set(crm.received.map(({ headers }) => headers['idempotency-key']))).toEqual(new Set([id]));
    expect(notifier.log.at('warn')).toHaveLength(2);
  });

  it('tries again when the connection breaks before a status was read', async () => {
    const crm = await start(inTurn(reset, accept));
    const notifier = create({ baseUrl: crm.url, clock });
    const [id] = await notifier.accept('a');
    const [retry] = await notifier.hear('retry');
    expect(retry).toMatchObject({ id, attempts: 1, status: undefined });
    expect(retry!.delayMs).toBeGreaterThan(0);
    await settle(clock);
    await clock.advance(retry!.delayMs);
    await notifier.hear('delivered');
    expect(idsOf(crm.received)).toEqual([id, id]);
    expect(crm.received[1]?.headers['x-retry-count']).toBe('1');
  });

  it('tries again when the CRM does not answer within the deadline', async () => {
    const crm = await start(inTurn(() => undefined, accept));
    const notifier = create({ baseUrl: crm.url, clock, timeoutMs: 10_000 });
    await notifier.accept('a');
    await crm.waitFor(1);
    await clock.advance(9_999);
    expect(notifier.told('retry')).toEqual([]);
    await clock.advance(1);
    const [retry] = await notifier.hear('retry');
    expect(retry).toMatchObject({ attempts: 1, code: 'ERR_CRM_TIMEOUT' });
    await settle(clock);
    await clock.advance(retry!.delayMs);
    await notifier.hear('delivered');
    expect(crm.received).toHaveLength(2);
  });

  describe('Retry-After (case 42)', () => {
    it.each([
      ['seconds', '120', 120_000],
      ['more than maxRetryAfterMs', '7200', 3_600_000],
      ['far more', '99999999999999999999', 3_600_000],
      ['a date', 'Tue, 24 Nov 2026 01:03:03 GMT', 59_996],
    ])('is honoured: %s', async (_what, value, delayMs) => {
      const crm = await start(inTurn(reply(429, '', { 'retry-after': value }), accept));
      const notifier = create({ baseUrl: crm.url, clock, retry: { firstDelayMs: 1, maxRetryAfterMs: 3_600_000 } });
      await notifier.accept('a');
      const [retry] = await notifier.hear('retry');
      expect(retry!.delayMs).toBe(delayMs);
      await settle(clock);
      await clock.advance(delayMs - 1);
      expect(crm.received).toHaveLength(1);
      await clock.advance(1);
      await notifier.hear('delivered');
    });

    it.each(['0', '-5', 'soon', 'Fri, 01 Jan 2021 00:00:00 GMT'])(
      'never makes it sooner than our own: %s',
      async (value) => {
        const crm = await start(reply(503, '', { 'retry-after': value }));
        const notifier = create({ baseUrl: crm.url, clock });
        await notifier.accept('a');
        const [retry] = await notifier.hear('retry');
        expect(retry!.delayMs).toBeGreaterThanOrEqual(1);
        expect(retry!.delayMs).toBeLessThanOrEqual(1_000);
      },
    );
  });

  it('keeps a lane first in, first out while it is retried, and lets the others go on', async () => {
    const answers = new Map([['a', 2]]);
    const crm = await start((received, res) => {
      const failures = answers.get(laneOf(received)) ?? 0;
      answers.set(laneOf(received), failures - 1);
      (failures > 0 ? reply(500) : accept)(received, res);
    });
    const notifier = create({ baseUrl: crm.url, clock, retry: { firstDelayMs: 1_000 } });
    const ids = await notifier.accept('a', 'a', 'b', 'a', 'b');
    await notifier.hear('delivered', 2);
    await notifier.hear('retry');
    expect(notifier.told('delivered').map(({ id }) => id)).toEqual([ids[2], ids[4]]);
    expect((await notifier.stats()).pending).toBe(3);

    for (const count of [1, 2]) {
      const retry = (await notifier.hear('retry', count))[count - 1]!;
      await settle(clock);
      await clock.advance(retry.delayMs);
    }
    await notifier.hear('delivered', 5);
    const inLane = crm.received.filter((received) => laneOf(received) === 'a');
    expect(idsOf(inLane)).toEqual([ids[0], ids[0], ids[0], ids[1], ids[3]]);
  });

  it('counts a reply that is not JSON as delivered, and warns', async () => {
    const crm = await start(reply(202, '<html>'));
    const notifier = create({ baseUrl: crm.url, clock });
    await notifier.accept('a');
    expect(await notifier.hear('delivered')).toMatchObject([{ status: 202, isReplyNotJson: true }]);
    expect(notifier.log.at('warn')).toHaveLength(1);
  });
});
