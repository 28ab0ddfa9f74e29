import type { Delivery } from '../../src/delivery/delivery.js';
import type { DeliveryEvent } from '../../src/delivery/delivery-event.js';
import { pageSize } from '../../src/delivery/lanes.js';
import { createOwnedClock, type OwnedClock } from '../../src/testing/owned-clock.js';
import { sampleNotification } from '../helpers/sample-notification.js';
import { reply } from '../helpers/scripted-crm.js';
import { idsOf, useCrm } from '../helpers/use-crm.js';
import { createWatchedOutbox, type WatchedOutbox } from '../helpers/watched-outbox.js';
import { useDelivery } from './use-delivery.js';

describe('delivery from an outbox that fails (case 68)', () => {
  const startDelivery = useDelivery();
  let delivery: Delivery | undefined;
  const start = useCrm();
  let clock: OwnedClock;
  let outbox: WatchedOutbox;
  let told: DeliveryEvent[];
  beforeEach(() => {
    clock = createOwnedClock();
    outbox = createWatchedOutbox();
    told = [];
  });

  const create = (baseUrl: string): Delivery => {
    delivery = startDelivery({ baseUrl, outbox, clock, onEvent: (event) => told.push(event) });
    return delivery;
  };
  const append = (...lanes: readonly string[]): string[] => {
    const notifications = lanes.map((lane) => sampleNotification({ lane }));
    outbox.append(notifications);
    return notifications.map(({ id }) => id);
  };
  const kinds = (): string[] => told.map(({ kind }) => kind);
  /** Moves the clock on until something is so. */
  const pass = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) await clock.advance(10);
  };

  it('posts nothing a second time while settlements are refused, and goes on when they are taken', async () => {
    const crm = await start();
    const ids = append('a', 'a', 'b');
    outbox.fail('settle');
    create(crm.url).wake();
    await crm.waitFor(2);
    await pass(() => outbox.calls.settle > 0);
    const [late] = append('c');
    delivery?.wake();
    await clock.advance(60_000);
    // The second of lane a goes out unless the outbox was seen to refuse before the first was answered.
    const posted = idsOf(crm.received);
    expect(posted).toEqual(expect.arrayContaining([ids[0], ids[2]]));
    expect(posted).toHaveLength(new Set(posted).size);
    expect(posted).not.toContain(late);
    // Tried again once a second, and said once.
    expect(outbox.calls.settle).toBeGreaterThanOrEqual(60);
    expect(outbox.calls.settle).toBeLessThanOrEqual(62);
    expect(told).toMatchObject([{ kind: 'outboxFailed', operation: 'settle' }]);

    outbox.fail();
    await pass(() => outbox.counts().pending === 0);
    expect(crm.received).toHaveLength(4);
    expect(kinds().filter((kind) => kind === 'delivered')).toHaveLength(4);
  });

  it('tells of every spell of trouble', async () => {
    const crm = await start();
    create(crm.url);
    for (let spell = 1; spell <= 2; spell += 1) {
      outbox.fail('settle');
      append('a');
      delivery?.wake();
      await pass(() => kinds().filter((kind) => kind === 'outboxFailed').length === spell);
      outbox.fail();
      await pass(() => outbox.counts().pending === 0);
    }
    expect(kinds()).toEqual(['outboxFailed', 'delivered', 'outboxFailed', 'delivered']);
  });

  it('looks again when the outbox could not be read, and says so once', async () => {
    const crm = await start();
    append('a', 'b');
    outbox.fail('readAfter');
    create(crm.url).wake();
    for (let count = 0; count < 10; count += 1) delivery?.wake();
    await clock.advance(30_000);
    expect(told).toMatchObject([{ kind: 'outboxFailed', operation: 'read' }]);
    expect(clock.timerCount).toBe(1);
    outbox.fail();
    await pass(() => outbox.counts().pending === 0);
  });

  it('survives that the next of a lane cannot be read, and finds it later', async () => {
    const crm = await start();
    // More than follow in memory.
    const ids = append(...new Array<string>(300).fill('a'));
    outbox.fail('nextInLane');
    create(crm.url).wake();
    await pass(() => kinds().includes('outboxFailed'));
    expect(told).toContainEqual(expect.objectContaining({ kind: 'outboxFailed', operation: 'read' }));
    outbox.fail();
    await pass(() => outbox.counts().pending === 0);
    expect(idsOf(crm.received)).toEqual(ids);
  });

  it('hands settlements over once more when it stops, and is idle for whoever waits', async () => {
    const crm = await start(reply(422, 'no'));
    append('a');
    outbox.fail('settle');
    create(crm.url).wake();
    await pass(() => outbox.calls.settle === 1);
    const idle = delivery!.whenIdle();
    outbox.fail();
    await delivery!.stop();
    await idle;
    expect(outbox.counts()).toMatchObject({ pending: 0, dead: 1 });
  });

  it('keeps what it could not settle for the next start, and ends all the same', async () => {
    const crm = await start();
    append('a');
    outbox.fail('settle');
    create(crm.url).wake();
    await pass(() => outbox.calls.settle === 1);
    await delivery!.stop();
    outbox.fail();
    await clock.advance(10_000);
    expect(outbox.counts()).toMatchObject({ pending: 1 });
  });

  it('passes a blocked lane of thousands in steps, between which others have their turn', async () => {
    const crm = await start(reply(503, '', { 'retry-after': '3600' }));
    append(...new Array<string>(5_000).fill('blocked'));
    const [free] = append('free');
    create(crm.url).wake();
    // A few pages at first; then it lets go.
    expect(outbox.calls.readAfter).toBeLessThanOrEqual(10);
    const idle = { isIt: false };
    void delivery!.whenIdle().then(() => (idle.isIt = true));
    await pass(() => idle.isIt);
    // Not idle before it has looked through everything, once.
    expect(idsOf(crm.received)[1]).toBe(free);
    expect(outbox.calls.readAfter).toBeLessThanOrEqual(Math.ceil(5_001 / pageSize) + 5);
  });
});
