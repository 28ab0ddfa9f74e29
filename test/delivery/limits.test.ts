import type { ServerResponse } from 'node:http';
import { settle, useNotifiers } from '../helpers/observed-notifier.js';
import { createOwnedClock } from '../../src/testing/owned-clock.js';
import { createSeededRandom } from '../helpers/seeded-random.js';
import { accept, type Received } from '../helpers/scripted-crm.js';
import { laneOf, useCrm } from '../helpers/use-crm.js';

describe('how much delivery does at once', () => {
  const create = useNotifiers();
  const start = useCrm();

  const random = createSeededRandom();
  it.each([1, 3, 8])(
    `never exceeds the concurrency of %d, with one in flight for each lane (CRM_TEST_SEED=${random.seed})`,
    async (concurrency) => {
      const open: { readonly received: Received; readonly res: ServerResponse }[] = [];
      const clashes: string[] = [];
      let most = 0;
      const crm = await start((received, res) => {
        if (open.some((other) => laneOf(other.received) === laneOf(received))) clashes.push(laneOf(received));
        open.push({ received, res });
        most = Math.max(most, open.length);
        const answer = (): void => {
          open.splice(
            open.findIndex((other) => other.res === res),
            1,
          );
          accept(received, res);
        };
        // Holds the first until as many have come as may, then answers each after a while of its own.
        void crm.waitFor(concurrency).then(() => afterTurns(random.below(10), answer));
      });
      const notifier = create({ baseUrl: crm.url, concurrency });
      await notifier.accept(...Array.from({ length: 60 }, (_, index) => `lane:${index % 20}`));
      await notifier.hear('delivered', 60);
      expect([most, clashes]).toEqual([concurrency, []]);
      expect(notifier.told('retry')).toEqual([]);
    },
  );

  it('holds the rate limit: a burst, then one after another', async () => {
    const clock = createOwnedClock();
    const crm = await start();
    const notifier = create({ baseUrl: crm.url, clock, rateLimit: { perSecond: 2, burst: 3 } });
    await notifier.accept(...Array.from({ length: 6 }, (_, index) => `lane:${index}`));
    await notifier.hear('delivered', 3);
    await settle(clock);
    for (let count = 4; count <= 6; count += 1) {
      await clock.advance(499);
      expect(crm.received).toHaveLength(count - 1);
      await clock.advance(1);
      await notifier.hear('delivered', count);
      await settle(clock);
    }
  });

  it('counts attempts, not notifications, towards the rate', async () => {
    const clock = createOwnedClock();
    const crm = await start((_received, res) => res.writeHead(503).end());
    const notifier = create({
      baseUrl: crm.url,
      clock,
      rateLimit: { perSecond: 1, burst: 1 },
      retry: { firstDelayMs: 1, maxDelayMs: 1 },
    });
    await notifier.accept('a');
    for (let count = 1; count <= 4; count += 1) {
      await notifier.hear('retry', count);
      await settle(clock);
      await clock.advance(998);
      expect(crm.received).toHaveLength(count);
      await clock.advance(2);
    }
  });
});

/** Calls back after so many turns of the event loop. */
function afterTurns(count: number, callback: () => void): void {
  if (count === 0) callback();
  else setImmediate(afterTurns, count - 1, callback);
}
