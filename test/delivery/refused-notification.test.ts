import { passTimeUntil, useNotifiers } from '../helpers/observed-notifier.js';
import { createOwnedClock, type OwnedClock } from '../../src/testing/owned-clock.js';
import { accept, reply, type Answer } from '../helpers/scripted-crm.js';
import { laneOf, useCrm } from '../helpers/use-crm.js';

describe('delivery of notifications that the CRM refuses with a token it takes of others (A10)', () => {
  const create = useNotifiers();
  const start = useCrm();
  let clock: OwnedClock;
  beforeEach(() => {
    clock = createOwnedClock();
  });

  const refusing =
    (status: number): Answer =>
    (received, res) =>
      (laneOf(received).startsWith('bad') ? reply(status) : accept)(received, res);
  const good = (count: number): string[] => Array.from({ length: count }, (_, index) => `good:${index}`);

  it.each([
    [401, 1],
    [403, 1],
    [403, 5],
    [401, 12],
  ])('A10: %d for %d of them stops no other', async (status, count) => {
    const crm = await start(refusing(status));
    const notifier = create({ baseUrl: crm.url, clock });
    await notifier.accept(...Array.from({ length: count }, (_, index) => `bad:${index}`), ...good(40));
    await clock.advanceUntil(notifier.hear('delivered', 40), 20_000);
  });

  it.each([1, 8])(
    'A10: one is set aside with growing delays, and others go on (concurrency %d)',
    async (concurrency) => {
      const crm = await start(refusing(403));
      const notifier = create({ baseUrl: crm.url, clock, concurrency });
      await notifier.accept('bad');
      await passTimeUntil(notifier.hear('paused'), clock);
      for (let count = 1; count <= 30; count += 1) {
        await notifier.accept(`good:${count}`);
        await clock.advanceUntil(notifier.hear('delivered', count), 11_000);
      }
      expect(notifier.told('refused').some(({ delayMs }) => delayMs > 0)).toBe(true);
      expect(notifier.log.at('warn')[0]?.message).toContain('refuses this notification');
    },
  );

  it('A10: expires there', async () => {
    const crm = await start(refusing(403));
    const notifier = create({ baseUrl: crm.url, clock, retry: { maxAgeMs: 10_000 } });
    const [id] = await notifier.accept('bad');
    const dead = notifier.hear('dead');
    for (let count = 1; notifier.told('dead').length === 0 && count < 100; count += 1) {
      await notifier.accept(`good:${count}`);
      const passed = new Promise<void>((resolve) => void clock.after(5_000, resolve));
      await clock.advanceUntil(Promise.race([dead, passed]));
    }
    expect(notifier.told('dead')).toMatchObject([{ id, reason: { kind: 'expired', status: 403 } }]);
  });

  it('A10: pauses again when two in a row are refused without a success between', async () => {
    const crm = await start(refusing(403));
    const notifier = create({ baseUrl: crm.url, clock });
    await notifier.accept('bad', 'good:1');
    await clock.advanceUntil(notifier.hear('delivered'), 20_000);
    crm.answerWith(reply(401));
    await clock.advance(5_000);
    const before = crm.received.length;
    await notifier.accept(...good(20));
    await clock.advanceUntil(notifier.hear('refused', notifier.told('refused').length + 3));
    expect((await notifier.stats()).circuit).not.toBe('closed');
    await clock.advance(120_000);
    expect(crm.received.length - before).toBeLessThan(60);
    expect(notifier.told('dead')).toEqual([]);
    crm.answerWith(accept);
    await passTimeUntil(notifier.hear('delivered', 22), clock);
  });

  it.each([
    [401, 8],
    [403, 8],
    [403, 1],
  ])(
    'A10: a stream with %d for one in three goes on, without a word of the token (concurrency %d)',
    async (status, concurrency) => {
      const crm = await start(refusing(status));
      const notifier = create({ baseUrl: crm.url, clock, concurrency });
      await clock.advanceUntil(notifier.accept('good:first'));
      await clock.advanceUntil(notifier.hear('delivered'), 1_000);
      let count = 1;
      for (let round = 0; round < 60; round += 1) {
        const lane = (at: number): string => `${String(round)}:${String(at)}`;
        await clock.advanceUntil(notifier.accept(`bad:${lane(1)}`, `good:${lane(2)}`, `good:${lane(3)}`));
        count += 2;
        await clock.advanceUntil(notifier.hear('delivered', count), 1_000);
      }
      expect(notifier.told('paused')).toEqual([]);
      expect(notifier.log.at('error')).toEqual([]);
    },
  );

  it('A10: a burst of them between good ones is not taken for the token', async () => {
    const crm = await start(refusing(403));
    const notifier = create({ baseUrl: crm.url, clock });
    await clock.advanceUntil(notifier.accept('good:first'));
    await clock.advanceUntil(notifier.hear('delivered'), 1_000);
    for (let round = 0; round < 8; round += 1) {
      await clock.advanceUntil(
        notifier.accept(...Array.from({ length: 30 }, (_, index) => `bad:${String(round)}:${String(index)}`)),
      );
      await clock.advanceUntil(notifier.accept(`good:${String(round)}`));
      await clock.advanceUntil(notifier.hear('delivered', round + 2), 3_000);
    }
    expect(notifier.log.at('error')).toEqual([]);
  });

  it.each([401, 403])(
    'A10: a token that becomes wrong while it is in use pauses the target soon: %d',
    async (status) => {
      const crm = await start(accept);
      const notifier = create({ baseUrl: crm.url, clock });
      await clock.advanceUntil(notifier.accept(...good(40)));
      await clock.advanceUntil(notifier.hear('delivered', 40), 1_000);
      crm.answerWith(reply(status));
      await clock.advanceUntil(notifier.accept(...Array.from({ length: 100 }, (_, index) => `later:${String(index)}`)));
      await clock.advanceUntil(notifier.hear('paused'), 12_000);
      expect(crm.received.length - 40).toBeLessThan(45);
      await clock.advance(60_000);
      expect(notifier.log.at('error')).toHaveLength(1);
      expect(crm.received.length - 40).toBeLessThan(90);
      crm.answerWith(accept);
      await clock.advanceUntil(notifier.hear('delivered', 140), 60_000);
      expect(notifier.told('resumed')).toHaveLength(1);
    },
  );

  it('A10: a token that becomes wrong pauses the target even when a single notification meets that', async () => {
    const crm = await start(accept);
    const notifier = create({ baseUrl: crm.url, clock });
    await clock.advanceUntil(notifier.accept('good'));
    await clock.advanceUntil(notifier.hear('delivered'), 1_000);
    crm.answerWith(reply(401));
    await clock.advanceUntil(notifier.accept('later'));
    await clock.advanceUntil(notifier.hear('paused'), 120_000);
    expect(notifier.log.at('error')).toHaveLength(1);
  });
});
