import { passTimeUntil, settle, useNotifiers } from '../helpers/observed-notifier.js';
import { createOwnedClock, type OwnedClock } from '../../src/testing/owned-clock.js';
import { accept, reply } from '../helpers/scripted-crm.js';
import { idsOf, laneOf, useCrm } from '../helpers/use-crm.js';

describe('delivery to a CRM that cannot be reached', () => {
  const create = useNotifiers();
  const start = useCrm();
  let clock: OwnedClock;
  beforeEach(() => {
    clock = createOwnedClock();
  });

  /** The address of a CRM that was there until now. */
  const abandonedPort = async (): Promise<number> => {
    const crm = await start();
    await crm.close();
    return crm.port;
  };
  const urlOf = (port: number): string => `http://127.0.0.1:${port}`;

  it('opens the circuit, says so once, and delivers all that was accepted meanwhile, once, in order', async () => {
    const port = await abandonedPort();
    const notifier = create({ baseUrl: urlOf(port), clock, concurrency: 1 });
    const ids = await notifier.accept('a', 'b', 'c', 'a', 'd', 'b', 'a', 'e', 'f', 'g');
    expect(await passTimeUntil(notifier.hear('paused'), clock)).toMatchObject([
      { cause: { kind: 'unreachable', code: 'ECONNREFUSED' } },
    ]);
    await clock.advance(60_000);
    expect((await notifier.stats()).circuit).not.toBe('closed');
    expect((await notifier.stats()).pending).toBe(10);

    const crm = await start(accept, port);
    await passTimeUntil(notifier.hear('delivered', 10), clock);
    expect(idsOf(crm.received)).toEqual(ids);
    // None of the refused attempts left, so none of them counts.
    expect(crm.received.every(({ headers }) => headers['x-retry-count'] === undefined)).toBe(true);
    expect(notifier.told('delivered').every(({ attempts }) => attempts === 1)).toBe(true);
    expect(notifier.told('paused')).toHaveLength(1);
    expect(notifier.told('resumed')).toHaveLength(1);
    expect(notifier.log.at('error')).toHaveLength(1);
    expect(await notifier.stats()).toMatchObject({ circuit: 'closed', pending: 0 });
  });

  it('keeps every lane in order when it delivers several at once afterwards', async () => {
    const port = await abandonedPort();
    const notifier = create({ baseUrl: urlOf(port), clock });
    const lanes = Array.from({ length: 40 }, (_, index) => `lane:${index % 7}`);
    const ids = await notifier.accept(...lanes);
    await passTimeUntil(notifier.hear('paused'), clock);
    const crm = await start(accept, port);
    await passTimeUntil(notifier.hear('delivered', 40), clock);
    expect(new Set(idsOf(crm.received))).toEqual(new Set(ids));
    expect(crm.received).toHaveLength(40);
    for (const lane of new Set(lanes)) {
      const accepted = ids.filter((_, index) => lanes[index] === lane);
      expect(idsOf(crm.received.filter((received) => laneOf(received) === lane))).toEqual(accepted);
    }
  });

  it('meets a CRM that has just come back with one attempt at a time, in the order of acceptance across lanes', async () => {
    const port = await abandonedPort();
    const notifier = create({ baseUrl: urlOf(port), clock });
    const ids = await notifier.accept(...Array.from({ length: 30 }, (_, index) => `lane:${index}`));
    await passTimeUntil(notifier.hear('paused'), clock);

    const held: (() => void)[] = [];
    const crm = await start((received, res) => {
      held.push(() => {
        accept(received, res);
      });
    }, port);
    const open: number[] = [];
    for (let answered = 0; answered < 12; answered += 1) {
      await passTimeUntil(crm.waitFor(answered + 1), clock);
      // Whatever may start, has.
      await clock.advance(100);
      open.push(held.length);
      held.shift()!();
      await notifier.hear('delivered', answered + 1);
    }
    for (const answer of held) answer();
    expect(open).toEqual([...Array.from({ length: 10 }, () => 1), 2, 2]);
    expect(idsOf(crm.received).slice(0, 10)).toEqual(ids.slice(0, 10));
  });

  it('probes for half an hour without haste and without losing anything (case 51)', async () => {
    const port = await abandonedPort();
    const notifier = create({ baseUrl: urlOf(port), clock, concurrency: 1 });
    const ids = await notifier.accept('a', 'b', 'a');
    while (clock.monotonicMs() < 1_800_000) await clock.advance(500);
    // Five until the circuit opened, then one every 2.5 to 5 seconds.
    const probes = notifier.told('unsent').length;
    expect(probes).toBeGreaterThan(300);
    expect(probes).toBeLessThan(750);
    expect(notifier.log.lines.filter(({ level }) => level !== 'debug').length).toBeLessThan(10);

    const crm = await start(accept, port);
    await passTimeUntil(notifier.hear('delivered', 3), clock);
    expect(idsOf(crm.received)).toEqual(ids);
  });

  it('tries a notification at once again as long as the circuit is closed: it never left', async () => {
    const port = await abandonedPort();
    const notifier = create({ baseUrl: urlOf(port), clock, breaker: { failureThreshold: 4 } });
    await notifier.accept('a');
    await notifier.hear('paused');
    expect(notifier.told('unsent')).toMatchObject(
      new Array(4).fill({ attempts: 0, wasSent: false, code: 'ECONNREFUSED' }),
    );
    expect(notifier.told('retry')).toEqual([]);
    expect(await notifier.stats()).toMatchObject({ unsent: 4, retried: 0 });
    expect(clock.monotonicMs()).toBe(0);
  });

  it('goes on at once when the CRM answers, even with an error of its own', async () => {
    const port = await abandonedPort();
    const notifier = create({ baseUrl: urlOf(port), clock, concurrency: 1 });
    await notifier.accept('a', 'b');
    await passTimeUntil(notifier.hear('paused'), clock);
    const crm = await start(reply(500), port);
    await passTimeUntil(notifier.hear('resumed'), clock);
    await crm.waitFor(2);
    await settle(clock);
    expect(new Set(crm.received.map(laneOf))).toEqual(new Set(['a', 'b']));
  });
});
