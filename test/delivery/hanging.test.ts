import { createOwnedClock, type OwnedClock } from '../../src/testing/owned-clock.js';
import { advanceInStep, createHanging, type Hanging } from '../helpers/in-step.js';
import { notificationIn, useNotifiers, type ObservedNotifier } from '../helpers/observed-notifier.js';
import { accept } from '../helpers/scripted-crm.js';
import { laneOf, useCrm } from '../helpers/use-crm.js';

const concurrency = 8;

describe('delivery while many notifications hang (A9)', () => {
  const create = useNotifiers();
  const start = useCrm();
  let clock: OwnedClock;
  let hanging: Hanging;
  let mostHanging: number;
  let notifier: ObservedNotifier;
  let createOther: (concurrency: number) => ObservedNotifier;
  beforeEach(async () => {
    clock = createOwnedClock();
    hanging = createHanging();
    mostHanging = 0;
    const crm = await start((received, res) => {
      (laneOf(received).startsWith('poison') ? hanging.answer : accept)(received, res);
      mostHanging = Math.max(mostHanging, hanging.count);
    });
    createOther = (given) => create({ baseUrl: crm.url, clock, concurrency: given });
    notifier = createOther(concurrency);
  });

  /** Resolves when so much has passed on the owned clock. */
  const passed = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve));

  const hearDelivered = (count: number, withinMs: number): Promise<unknown> =>
    advanceInStep(notifier.hear('delivered', count), withinMs, { clock, notifier, hanging });
  const poison = (count: number): string[] => Array.from({ length: count }, (_, index) => `poison:${index}`);

  it('A9: lets the good ones flow among three times as many that hang, of the same type, and never pauses', async () => {
    await notifier.accept(...poison(150).flatMap((lane, at) => (at % 3 === 1 ? [lane, `good:${at}`] : [lane])));
    await hearDelivered(50, 60_000);
    expect(notifier.told('paused')).toEqual([]);
    expect(mostHanging).toBeGreaterThan(concurrency);
    expect(mostHanging).toBeLessThanOrEqual(6 * concurrency);
  });

  it.each(['user_moved', 'user_left'])('A9: lets a %s out at once though 300 hang that came before', async (type) => {
    await notifier.accept(...poison(300));
    for (let count = 1; count <= 40; count += 1) {
      await notifier.notifier.notify({ ...notificationIn(`good:${count}`), notificationType: type });
      await hearDelivered(count, count === 1 ? 6_000 : 1_000);
      await clock.advance(200);
    }
    expect(notifier.told('paused')).toEqual([]);
  });

  it.each([
    [8, 50, 3, 240],
    [1, 200, 5, 100],
  ])(
    'A9: good ones go on while more and more hang (concurrency %d, one each %d ms, 1 in %d, of %d)',
    async (given, everyMs, part, total) => {
      notifier = createOther(given);
      let count = 0;
      for (let at = 1; at <= total; at += 1) {
        const isGood = at % part !== 0;
        await clock.advanceUntil(notifier.accept(`${isGood ? 'good' : 'poison'}:${at}`));
        if (isGood) count += 1;
        await advanceInStep(passed(everyMs), everyMs + 10, { clock, notifier, hanging });
      }
      await hearDelivered(count, 5_000);
      expect(notifier.told('paused')).toEqual([]);
      expect(mostHanging).toBeLessThanOrEqual(6 * given);
      expect(notifier.told('retry').some(({ durationMs }) => durationMs < 10_000)).toBe(true);
      expect(notifier.told('retry').every(({ durationMs }) => durationMs >= 1_000)).toBe(true);
    },
    60_000,
  );

  it('A9: lets what is only slow get through, though it is cut off at first', async () => {
    const crm = await start((received, res) => {
      if (laneOf(received).startsWith('slow')) clock.after(3_000, () => accept(received, res));
      else accept(received, res);
    });
    notifier = create({ baseUrl: crm.url, clock, concurrency: 1 });
    for (let at = 0; at < 60; at += 1) {
      await clock.advanceUntil(notifier.accept(`${at % 3 === 0 ? 'slow' : 'good'}:${at}`));
      await clock.advance(100);
    }
    await clock.advanceUntil(notifier.hear('delivered', 60), 120_000);
  });
});
