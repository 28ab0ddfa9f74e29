import type { Delivery } from '../../src/delivery/delivery.js';
import type { DeliveryEvent } from '../../src/delivery/delivery-event.js';
import { createOwnedClock, type OwnedClock } from '../../src/testing/owned-clock.js';
import { sampleNotification } from '../helpers/sample-notification.js';
import { accept } from '../helpers/scripted-crm.js';
import { idsOf, useCrm } from '../helpers/use-crm.js';
import { createWatchedOutbox, type WatchedOutbox } from '../helpers/watched-outbox.js';
import { useDelivery } from './use-delivery.js';

const gatherMs = 20;

describe('rounds of attempts', () => {
  const startDelivery = useDelivery();
  const startCrm = useCrm();
  let clock: OwnedClock;
  let outbox: WatchedOutbox;
  let events: DeliveryEvent[];
  beforeEach(() => {
    clock = createOwnedClock();
    outbox = createWatchedOutbox();
    events = [];
  });

  const start = (baseUrl: string): Delivery =>
    startDelivery({ baseUrl, outbox, clock, gatherMs, onEvent: (event) => events.push(event) });
  const acceptSome = (delivery: Delivery, count: number): string[] => {
    const notifications = Array.from({ length: count }, (_, index) => sampleNotification({ lane: `lane:${index}` }));
    delivery.wake(outbox.append(notifications));
    return notifications.map(({ id }) => id);
  };

  it('start a moment after the first of a few was accepted, and take along what came meanwhile', async () => {
    const crm = await startCrm();
    const delivery = start(crm.url);
    const [first] = acceptSome(delivery, 1);
    await clock.advance(gatherMs - 1);
    expect(crm.received).toEqual([]);
    const [second] = acceptSome(delivery, 1);
    await clock.advance(1);
    await crm.waitFor(2);
    expect(idsOf(crm.received).sort()).toEqual([first, second].sort());
  });

  it('start at once when many were accepted', async () => {
    const crm = await startCrm();
    const ids = acceptSome(start(crm.url), 32);
    await crm.waitFor(32);
    expect(idsOf(crm.received).sort()).toEqual(ids.sort());
  });

  it('start at once when something waits for them', async () => {
    const crm = await startCrm();
    const delivery = start(crm.url);
    acceptSome(delivery, 1);
    await delivery.whenIdle();
    expect(outbox.counts().pending).toBe(0);
    expect(crm.received).toHaveLength(1);
  });

  it('are not waited for while attempts are under way, nor by the next of a lane', async () => {
    const responses: (() => void)[] = [];
    const crm = await startCrm((received, res) => responses.push(() => accept(received, res)));
    const delivery = start(crm.url);
    acceptSome(delivery, 1);
    await clock.advance(gatherMs);
    await crm.waitFor(1);
    // The first is of the lane that is under way, the second of another.
    const [next, other] = acceptSome(delivery, 2);
    await crm.waitFor(2);
    expect(idsOf(crm.received).at(-1)).toBe(other);
    responses[0]?.();
    await crm.waitFor(3);
    expect(idsOf(crm.received).at(-1)).toBe(next);
    responses.slice(1).forEach((respond) => respond());
  });

  it('are settled when the last attempt of theirs has ended', async () => {
    const responses: (() => void)[] = [];
    const crm = await startCrm((received, res) => responses.push(() => accept(received, res)));
    const delivery = start(crm.url);
    acceptSome(delivery, 2);
    await clock.advance(gatherMs);
    await crm.waitFor(2);
    responses.forEach((respond) => respond());
    while (events.length < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(events.map(({ kind }) => kind)).toEqual(['delivered', 'delivered']);
    expect(outbox.calls.settle).toBe(1);
    expect(outbox.counts().pending).toBe(0);
  });
});
