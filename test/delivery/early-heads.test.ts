import { createLanes } from '../../src/delivery/lanes.js';
import { createReadyHeads } from '../../src/delivery/heads.js';
import type { PendingNotification } from '../../src/outbox/outbox.js';
import { targetQueue } from '../../src/delivery/target-queue.js';
import { createOwnedClock, type OwnedClock } from '../../src/testing/owned-clock.js';
import { advanceInStep, createHanging, hurtBy, type Hanging } from '../helpers/in-step.js';
import { notificationIn, useNotifiers, type ObservedNotifier } from '../helpers/observed-notifier.js';
import { sampleAt, sampleNotification } from '../helpers/sample-notification.js';
import { reply, type Answer } from '../helpers/scripted-crm.js';
import { createSeededRandom } from '../helpers/seeded-random.js';
import { useCrm } from '../helpers/use-crm.js';
import { createWatchedOutbox } from '../helpers/watched-outbox.js';

const manyPoison = 1_100;

describe('delivery with more poison in the outbox than is read ahead (A9)', () => {
  const create = useNotifiers();
  const start = useCrm();
  let clock: OwnedClock;
  let hanging: Hanging;
  let notifier: ObservedNotifier;
  beforeEach(() => {
    clock = createOwnedClock();
    hanging = createHanging();
  });

  const answers: Readonly<Record<string, Answer>> = {
    reset: (_received, res) => res.socket?.destroy(),
    hang: (received, res) => hanging.answer(received, res),
    403: reply(403),
  };
  const accepted = (lane: string, count: number, notificationType: string): Promise<unknown> =>
    Promise.all(
      Array.from({ length: count }, (_, index) =>
        notifier.notifier.notify({ ...notificationIn(`${lane}:${String(index)}`), notificationType }),
      ),
    );
  const hearDelivered = (count: number, withinMs: number, kind = 'hang'): Promise<unknown> => {
    const heard = notifier.hear('delivered', count);
    // What is answered goes on being tried, so that there is no end of attempts under way.
    return kind === 'hang'
      ? advanceInStep(heard, withinMs, { clock, notifier, hanging })
      : clock.advanceUntil(heard, withinMs);
  };

  it.each(Object.keys(answers))(
    'A9: lets new ones out though 1,100 are before them: %s',
    async (kind) => {
      const crm = await start(hurtBy(answers[kind]!));
      notifier = create({ baseUrl: crm.url, clock });
      await clock.advanceUntil(accepted('before', 30, 'booking_created'));
      await hearDelivered(30, 5_000);
      await clock.advanceUntil(accepted('poison', manyPoison, 'event_updated'));
      for (let count = 1; count <= 5; count += 1) {
        await clock.advanceUntil(notifier.accept(`good:${String(count)}`, `good:${String(count)}`));
        await hearDelivered(30 + 2 * count, count === 1 ? 6_000 : 2_000, kind);
        await clock.advance(200);
      }
      expect((await notifier.stats()).pending).toBe(manyPoison);
    },
    60_000,
  );

  it.each([
    ['reset', 'after', manyPoison, 0],
    ['hang', 'after', manyPoison, 0],
    ['403', 'after', manyPoison, 0],
    ['reset', 'among', 1_100, 1_100],
  ])('A9: finds good ones that stood in the outbox before: %s, %s', async (kind, _where, before, after) => {
    const gone = await start();
    await gone.close();
    notifier = create({ baseUrl: gone.url, clock });
    await clock.advanceUntil(accepted('poison', before, 'event_updated'));
    await clock.advanceUntil(accepted('good', 40, 'booking_created'));
    await clock.advanceUntil(accepted('poison:more', after, 'event_updated'));
    await start(hurtBy(answers[kind]!), gone.port);
    await hearDelivered(40, 20_000, kind);
    expect((await notifier.stats()).pending).toBe(before + after);
  });
});

describe('lanes whose cursor is held up', () => {
  it.each([1, 2, 3, 4, 5])('give each notification once, in the order of its lane (seed %i)', (seed) => {
    const { next: random } = createSeededRandom(seed);
    const outbox = createWatchedOutbox();
    const ready = createReadyHeads();
    const state = { isTroubled: true };
    const lanes = createLanes({
      queue: targetQueue(outbox, 'crm'),
      now: () => sampleAt,
      maxWaitMs: 3_600_000,
      maxLanes: 10_000,
      maxFollowers: 16,
      ready,
      isReadingAhead: () => state.isTroubled,
      isRisky: ({ type }) => type === 'bad',
    });
    const [inFlight, unsettled] = [[] as PendingNotification[], [] as PendingNotification[]];
    const delivered = new Map<string, number[]>();
    const append = (count: number, isKnown: boolean): void => {
      const some = Array.from({ length: count }, () =>
        sampleNotification({
          lane: `lane:${String(Math.floor(random() ** 2 * 3_000))}`,
          type: random() < 0.8 ? 'bad' : 'good',
        }),
      );
      const appended = outbox.append(some) ?? [];
      lanes.onAccepted(isKnown ? appended : [], 0);
    };
    append(4_000, false);
    let appendedCount = 4_000;
    let deliveredCount = 0;
    for (let step = 0; deliveredCount < appendedCount; step += 1) {
      expect(step).toBeLessThan(60_000);
      const nowMs = step * 10;
      if (step > 12_000) state.isTroubled = false;
      if (step < 3_000 && random() < 0.3) {
        const count = Math.ceil(random() * 4);
        append(count, random() < 0.5);
        appendedCount += count;
      }
      const isNewestWanted = random() < 0.7;
      const head = lanes.findReady(nowMs)
        ? lanes.take(nowMs, () =>
            isNewestWanted ? ready.fresh.takeFirst((a, b) => a.position > b.position) : ready.takeOldest(),
          )
        : undefined;
      if (head !== undefined) inFlight.push(head);
      // The older part of them hurts the target, and is put back again and again.
      if (inFlight.length > 0 && random() < 0.9) {
        const [ended] = inFlight.splice(Math.floor(random() * inFlight.length), 1);
        if (ended!.type === 'bad' && state.isTroubled && random() < 0.8) {
          const waits = { attempts: ended!.attempts + 1, nextAttemptAt: sampleAt + 1 };
          outbox.settle([{ ...ended!, ...waits, kind: 'retry' }]);
          lanes.putBack({ ...ended!, ...waits }, nowMs + 50_000);
        } else {
          const before = delivered.get(ended!.lane) ?? [];
          expect(before.every((position) => position < ended!.position)).toBe(true);
          delivered.set(ended!.lane, [...before, ended!.position]);
          deliveredCount += 1;
          lanes.release(ended!);
          unsettled.push(ended!);
        }
      }
      if (random() < 0.2) {
        for (const entry of unsettled) outbox.settle([{ ...entry, kind: 'delivered' }]);
        for (const ended of unsettled.splice(0)) lanes.settled(ended);
      }
    }
    expect(inFlight).toEqual([]);
    expect(deliveredCount).toBe(appendedCount);
  });
});
