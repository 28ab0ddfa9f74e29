import { passTimeUntil, useNotifiers } from '../helpers/observed-notifier.js';
import { createOwnedClock, type OwnedClock } from '../../src/testing/owned-clock.js';
import { advanceInStep, createHanging, hurtBy, type Hanging } from '../helpers/in-step.js';
import { accept, reply, type Answer } from '../helpers/scripted-crm.js';
import { laneOf, useCrm } from '../helpers/use-crm.js';

const reset: Answer = (_received, res) => res.socket?.destroy();

const poison = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, index) => `poison:${from + index}`);
const good = (count: number): string[] => Array.from({ length: count }, (_, index) => `good:${index}`);

describe('delivery of notifications that hurt the CRM (A9)', () => {
  const create = useNotifiers();
  const start = useCrm();
  let clock: OwnedClock;
  let hanging: Hanging;
  const hang: Answer = (received, res) => hanging.answer(received, res);
  beforeEach(() => {
    clock = createOwnedClock();
    hanging = createHanging();
  });

  it.each<[what: string, answer: Answer, lanes: readonly string[], withinMs: number]>([
    ['15 that reset, before', reset, [...poison(15), ...good(40)], 5_000],
    ['15 that hang, before', hang, [...poison(15), ...good(40)], 7_000],
    ['120 that hang, before', hang, [...poison(120), ...good(40)], 7_000],
    ['15 that reset, after', reset, [...good(40), ...poison(15)], 5_000],
    ['60 that hang, before and after', hang, [...poison(30), ...good(40), ...poison(30, 30)], 60_000],
    ['60 that reset, among them', reset, good(40).flatMap((lane, at) => [`poison:${at}`, lane]), 60_000],
  ])('A9: does not stop the good ones: %s', async (_what, answer, lanes, withinMs) => {
    const crm = await start(hurtBy(answer));
    const notifier = create({ baseUrl: crm.url, clock });
    await notifier.accept(...lanes);
    await advanceInStep(notifier.hear('delivered', 40), withinMs, { clock, notifier, hanging });
    expect(notifier.told('delivered')).toHaveLength(40);
    expect((await notifier.stats()).pending).toBe(lanes.length - 40);
  });

  it.each([
    ['hang', hang],
    ['reset', reset],
  ])('A9: does not take good ones that met a 503 for such that %s', async (_what, answer) => {
    const seen = new Set<string>();
    const crm = await start((received, res) => {
      const lane = laneOf(received);
      const isFirst = !seen.has(lane);
      seen.add(lane);
      (lane.startsWith('poison') ? answer : isFirst ? reply(503) : accept)(received, res);
    });
    const breaker = { firstDelayMs: 50, maxDelayMs: 200, maxPauseMs: 200 };
    const retry = { firstDelayMs: 20, maxDelayMs: 200 };
    const notifier = create({ baseUrl: crm.url, clock, timeoutMs: 1_000, breaker, retry });
    await notifier.accept(...poison(30));
    await clock.advance(5_000);
    await notifier.accept(...good(300));
    await advanceInStep(notifier.hear('delivered', 300), 2_000, { clock, notifier, hanging });
  });

  it('A9: lets new ones out soon while hundreds hang', async () => {
    const crm = await start(hurtBy(hang));
    const notifier = create({ baseUrl: crm.url, clock });
    await notifier.accept(...poison(200));
    await clock.advance(30_000);
    for (let count = 1; count <= 10; count += 1) {
      await notifier.accept(`good:${count}`);
      await advanceInStep(notifier.hear('delivered', count), 12_000, { clock, notifier, hanging });
    }
  });

  it('A9: finds a good one behind those that hang, when all of them have failed before', async () => {
    const crm = await start(hurtBy(hang));
    const notifier = create({ baseUrl: crm.url, clock, concurrency: 1, timeoutMs: 2_000 });
    await notifier.accept(...poison(3));
    await clock.advance(20_000);
    await notifier.accept('good:1', 'good:2');
    await clock.advanceUntil(notifier.hear('delivered', 2), 20_000);
  });

  it('A9: delivers the good ones of a CRM that poison ends, whenever it is back', async () => {
    let isDown = false;
    const crm = await start((received, res) => {
      if (laneOf(received).startsWith('poison')) {
        isDown = true;
        clock.after(2_000, () => (isDown = false));
      }
      (isDown ? reset : accept)(received, res);
    });
    const notifier = create({ baseUrl: crm.url, clock });
    await notifier.accept(...poison(3), ...good(40));
    await clock.advanceUntil(notifier.hear('delivered', 40), 120_000);
  });

  it('A9: tries poison again, ever more slowly, and delivers it once it hurts no more', async () => {
    const crm = await start(hurtBy(reset));
    const notifier = create({ baseUrl: crm.url, clock, retry: { maxDelayMs: 60_000 } });
    await notifier.accept(...poison(5), ...good(5));
    while (clock.monotonicMs() < 600_000) await clock.advance(1_000);
    const attempts = crm.received.filter((received) => laneOf(received).startsWith('poison')).length;
    expect(attempts).toBeGreaterThan(5 * 8);
    expect(attempts).toBeLessThan(5 * 60);
    crm.answerWith(accept);
    await passTimeUntil(notifier.hear('delivered', 10), clock);
  });

  it('A9: still opens the circuit when nothing is answered, though connections are made', async () => {
    const crm = await start(reset);
    const notifier = create({ baseUrl: crm.url, clock });
    await notifier.accept(...good(40));
    await clock.advanceUntil(notifier.hear('paused'), 5_000);
    expect(crm.received.length).toBeLessThanOrEqual(20);
    expect(notifier.log.at('error')).toHaveLength(1);
    crm.answerWith(accept);
    await passTimeUntil(notifier.hear('delivered', 40), clock);
  });

  it('A9: gives a CRM that is slow but answers no more than the concurrency', async () => {
    let [open, most] = [0, 0];
    const crm = await start((received, res) => {
      open += 1;
      most = Math.max(most, open);
      clock.after(4_000, () => {
        open -= 1;
        accept(received, res);
      });
    });
    const notifier = create({ baseUrl: crm.url, clock, concurrency: 4 });
    await notifier.accept(...good(20));
    await clock.advanceUntil(notifier.hear('delivered', 20), 40_000);
    expect(most).toBe(4);
  });

  it('names a failure without a code alike in the pause and in the retry', async () => {
    const crm = await start(reply(200));
    const dispatcher = {
      dispatch(_options: unknown, handler: { onRequestStart: (...given: unknown[]) => void }) {
        handler.onRequestStart({ abort: () => undefined }, {});
        throw new Error('without a code');
      },
    };
    const notifier = create({ baseUrl: crm.url, clock, dispatcher: dispatcher as never });
    await notifier.accept('a');
    const [paused] = await passTimeUntil(notifier.hear('paused'), clock);
    expect(paused?.cause).toMatchObject({ code: 'ERR_CRM_CONNECTION' });
    expect(new Set(notifier.told('unsent').map(({ code }) => code))).toEqual(new Set(['ERR_CRM_CONNECTION']));
  });
});
