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
  beforeEach(async () => {
    clock = createOwnedClock();
    hanging = createHanging();
    mostHanging = 0;
    const crm = await start((received, res) => {
      (laneOf(received).startsWith('poison') ? hanging.answer : accept)(received, res);
      mostHanging = Math.max(mostHanging, hanging.count);
    });
    notifier = create({ baseUrl: crm.url, clock, concurrency });
  });

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
});
