import type { AcceptedNotification } from '../../src/outbox/outbox.js';
import { median } from '../../bench/median.js';
import { passTimeUntil, settle } from '../helpers/observed-notifier.js';
import { createOwnedClock, type OwnedClock } from '../../src/testing/owned-clock.js';
import { accept, reply } from '../helpers/scripted-crm.js';
import { sampleNotification } from '../helpers/sample-notification.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { idsOf, useCrm } from '../helpers/use-crm.js';
import { inlineHost, useOffices, type ObservedOffice } from './observed-office.js';

const hourMs = 3_600_000;
const taken = { accepted: true };
const count = 1_800;
const laneCount = 60;

describe('a post office in an outage', () => {
  const create = useOffices(inlineHost);
  const start = useCrm();
  const directory = useTempDirectory();
  let clock: OwnedClock;
  beforeEach(() => {
    clock = createOwnedClock();
  });

  const open = (baseUrl: string): ObservedOffice => create({ baseUrl, outbox: directory(), clock });

  it('takes one notification a second for half an hour, and then delivers all, without a storm (case 51)', async () => {
    const gone = await start();
    await gone.close();
    const office = open(gone.url);
    await office.ready();
    const accepted: AcceptedNotification[] = [];
    const tookMs: number[] = [];
    for (let second = 0; second < count; second += 1) {
      const notification = sampleNotification({ lane: `lane:${String(second % laneCount)}` });
      const sinceMs = performance.now();
      expect(await office.accept([notification])).toEqual([taken]);
      tookMs.push(performance.now() - sinceMs);
      accepted.push(notification);
      await clock.advance(1_000);
    }
    expect(clock.monotonicMs()).toBe(1_800_000);
    expect(await office.stats()).toMatchObject({ pending: count, delivered: 0, dead: 0, oldestAgeMs: 1_800_000 });
    expect(office.told('paused')).toHaveLength(1);
    // Five until the circuit opened, then one every 2.5 to 5 seconds.
    expect(office.told('unsent').length).toBeLessThan(750);
    // The backlog makes nobody wait: as fast at its end as at its beginning, give or take a busy machine.
    expect(median(tookMs.slice(-200))).toBeLessThan(3 * median(tookMs.slice(0, 200)) + 1);

    // How many were in its hands as each arrived.
    const inHand: number[] = [];
    let atHand = 0;
    const crm = await start((received, res) => {
      atHand += 1;
      inHand.push(atHand);
      setTimeout(() => {
        atHand -= 1;
        accept(received, res);
      }, 1);
    }, gone.port);
    await passTimeUntil(office.hear('delivered', count), clock);

    expect(office.told('resumed')).toHaveLength(1);
    expect(inHand.slice(0, 10)).toEqual(new Array(10).fill(1));
    for (const [index, atOnce] of inHand.entries()) {
      expect(atOnce).toBeLessThanOrEqual(Math.min(1 + Math.floor(index / 10), 8));
    }
    expect(Math.max(...inHand)).toBeGreaterThan(1);
    const arrived = idsOf(crm.received);
    expect(new Set(arrived).size).toBe(count);
    expect(arrived).toHaveLength(count);
    for (let lane = 0; lane < laneCount; lane += 1) {
      const inLane = accepted.filter((_, index) => index % laneCount === lane).map(({ id }) => id);
      const isInLane = new Set(inLane);
      expect(arrived.filter((id) => isInLane.has(id))).toEqual(inLane);
    }
    expect(await office.stats()).toMatchObject({ pending: 0, pendingBytes: 0, oldestAgeMs: 0, circuit: 'closed' });
    expect(office.troubles()).toEqual([]);
  }, 60_000);

  const jumps: readonly [what: string, jump: (owned: OwnedClock) => unknown][] = [
    ['the wall clock goes an hour on', (owned) => owned.jumpWall(hourMs)],
    ['the wall clock goes an hour back', (owned) => owned.jumpWall(-hourMs)],
    ['the wall clock goes a day on', (owned) => owned.jumpWall(24 * hourMs)],
    ['the wall clock goes a day back', (owned) => owned.jumpWall(-24 * hourMs)],
    ['the wall clock goes to and fro', (owned) => [hourMs, -2 * hourMs, hourMs].map(owned.jumpWall)],
    ['the computer sleeps for an hour', (owned) => owned.leap(hourMs)],
    ['the computer sleeps for a day', (owned) => owned.leap(24 * hourMs)],
  ];

  describe.each(jumps)('while %s (case 70)', (_what, jump) => {
    it('neither storms nor stalls while the CRM cannot be reached', async () => {
      const gone = await start();
      await gone.close();
      const office = open(gone.url);
      await office.accept(['a', 'b', 'c', 'a'].map((lane) => sampleNotification({ lane })));
      await passTimeUntil(office.hear('paused'), clock);
      await clock.advance(20_000);
      // Three days would be too old for any notification.
      for (let round = 1; round <= 2; round += 1) {
        const before = office.told('unsent').length;
        await jump(clock);
        await settle(clock);
        // At most the probe that came due meanwhile.
        expect(office.told('unsent').length - before).toBeLessThanOrEqual(1);
        await clock.advance(10_000);
        expect(office.told('unsent').length - before).toBeLessThanOrEqual(5);
      }
      await start(accept, gone.port);
      const sinceMs = clock.monotonicMs();
      await passTimeUntil(office.hear('delivered', 4), clock);
      expect(clock.monotonicMs() - sinceMs).toBeLessThan(6_000);
      expect([office.told('dead'), office.troubles()]).toEqual([[], []]);
    });

    it('neither storms nor stalls while notifications wait for their next attempt', async () => {
      const crm = await start(reply(503, '', { 'retry-after': '10' }));
      const office = open(crm.url);
      const lanes = ['a', 'b', 'c'];
      await office.accept(lanes.map((lane) => sampleNotification({ lane })));
      await office.hear('retry', 3);
      await settle(clock);
      for (let round = 1; round <= 2; round += 1) {
        const before = crm.received.length;
        await jump(clock);
        await settle(clock);
        // Each at most once, because its time had come.
        expect(crm.received.length - before).toBeLessThanOrEqual(3);
        expect((await office.stats()).oldestAgeMs).toBeGreaterThanOrEqual(0);
      }
      crm.answerWith(accept);
      const sinceMs = clock.monotonicMs();
      await passTimeUntil(office.hear('delivered', 3), clock);
      // Their back-off has grown to no more than 10 seconds by then, or the 10 that the CRM asked for.
      expect(clock.monotonicMs() - sinceMs).toBeLessThan(20_000);
      // Still fit for work.
      expect(await office.accept([sampleNotification()])).toEqual([taken]);
      await office.hear('delivered', 4);
    });
  });
});
