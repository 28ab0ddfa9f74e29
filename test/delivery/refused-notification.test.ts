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
    const notifier = create({ baseUrl: crm.url, clock, retry: { maxAgeMs: 60_000 } });
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
});
