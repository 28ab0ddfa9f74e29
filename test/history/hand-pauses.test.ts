import { watchHandPauses, type HandPauses } from '../../src/history/hand-pauses.js';
import type { History } from '../../src/history/history.js';
import { createMemoryHistory } from '../../src/history/memory-history.js';
import { createOwnedClock } from '../../src/testing/owned-clock.js';
import { createLogCollector } from '../helpers/log-collector.js';
import { settle } from '../helpers/observed-notifier.js';
import { keptDelivered } from './history-contract.js';

describe('what a process knows of pauses by hand', () => {
  const clock = createOwnedClock();
  let history: History;
  let pauses: HandPauses;
  let lookCount: number;
  let isReadable: boolean;
  let isDelivering: boolean;
  beforeEach(async () => {
    history = createMemoryHistory(() => clock.now(), keptDelivered);
    [lookCount, isReadable, isDelivering] = [0, true, false];
    pauses = await watchHandPauses({
      history: {
        changePause: (change) => history.changePause(change),
        async pauseChanges() {
          lookCount += 1;
          if (!isReadable) throw new Error('unreadable');
          return history.pauseChanges();
        },
      },
      ...{ clock, logger: createLogCollector(), targets: ['crm'] },
      isDelivering: () => isDelivering,
      onEvent: () => undefined,
      onChanged: () => undefined,
    });
  });
  afterEach(() => pauses.stop());

  it('is read every second while it delivers, and else only when somebody asks', async () => {
    await clock.advance(60_000);
    expect(lookCount).toBe(1);
    await history.changePause({ target: null, isPaused: true, by: 'ada' });
    await Promise.all([pauses.refresh(), pauses.refresh()]);
    expect(pauses.of('crm')).toMatchObject({ by: 'ada' });
    expect(lookCount).toBe(2);
    isDelivering = true;
    await clock.advance(10_000);
    expect(lookCount).toBe(12);
  });

  it('is read anew before a process that takes over starts anything, and then stays as last known', async () => {
    expect([pauses.holds('crm'), pauses.mayHold]).toEqual([false, false]);
    await clock.advance(60_000);
    [isDelivering, isReadable] = [true, false];
    pauses.readAnew();
    expect([pauses.holds('crm'), pauses.mayHold]).toEqual([true, true]);
    const takenOverAt = clock.now();
    await settle(clock);
    await clock.advance(5_000);
    expect(pauses.holds('crm')).toBe(true);
    expect(pauses.unknown).toMatchObject({ since: takenOverAt });
    isReadable = true;
    await clock.advance(1_000);
    expect([pauses.holds('crm'), pauses.unknown]).toEqual([false, null]);
    isReadable = false;
    await clock.advance(60_000);
    expect([pauses.holds('crm'), pauses.unknown]).toEqual([false, null]);
  });
});
