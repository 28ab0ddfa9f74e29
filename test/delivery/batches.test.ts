import type { NotifierOptions } from '../../src/index.js';
import { createOwnedClock, type OwnedClock } from '../../src/testing/owned-clock.js';
import { passTimeUntil, useNotifiers, type ObservedNotifier } from '../helpers/observed-notifier.js';
import { accept, inTurn, reply, type Answer, type Received } from '../helpers/scripted-crm.js';
import { useCrm } from '../helpers/use-crm.js';

interface Item {
  readonly notification_id: string;
  readonly additional_data: { readonly lane: string };
}

/** The notifications of a request, whether it has one or several. */
const itemsOf = ({ json }: Received): readonly Item[] =>
  (json?.['notifications'] as readonly Item[] | undefined) ?? [json as unknown as Item];
const lanesOf = (received: Received): string[] => itemsOf(received).map((item) => item.additional_data.lane);
const countsOf = (received: readonly Received[]): number[] => received.map((request) => itemsOf(request).length);

/** Answers each notification of a request by itself. */
const perItem =
  (statusOf: (lane: string) => number): Answer =>
  (received, res) => {
    const isBatch = received.json?.['notifications'] !== undefined;
    const results = itemsOf(received).map((item) => {
      const status = statusOf(item.additional_data.lane);
      return {
        notification_id: item.notification_id,
        status,
        ...(status < 300 ? {} : { error: `no: ${String(status)}` }),
      };
    });
    res.writeHead(isBatch ? 200 : results[0]!.status).end(JSON.stringify(isBatch ? { results } : results[0]));
  };
const takeAll = perItem(() => 200);
const manyLanes = (count: number): string[] => Array.from({ length: count }, (_, index) => `lane:${String(index)}`);

describe('batches', () => {
  const create = useNotifiers();
  const start = useCrm();
  let clock: OwnedClock;
  beforeEach(() => {
    clock = createOwnedClock();
  });

  const createFor = (
    baseUrl: string,
    batch: NotifierOptions['batch'],
    options: NotifierOptions = {},
  ): ObservedNotifier => create({ baseUrl, clock, batch, concurrency: 1, ...options });

  const allDelivered = (notifier: ObservedNotifier, count: number) =>
    passTimeUntil(notifier.hear('delivered', count), clock);

  it('have up to so many notifications, in the order of acceptance, and are settled one by one', async () => {
    const crm = await start(takeAll);
    const notifier = createFor(crm.url, { maxCount: 10 });
    const ids = await notifier.accept(...manyLanes(25));
    await allDelivered(notifier, 25);
    expect(countsOf(crm.received)).toEqual([10, 10, 5]);
    expect(crm.received.map(({ url }) => url)).toEqual(['/notify/batch', '/notify/batch', '/notify/batch']);
    expect(crm.received.flatMap(itemsOf).map((item) => item.notification_id)).toEqual(ids);
    expect(notifier.told('delivered').map(({ id }) => id)).toEqual(ids);
    expect(await notifier.stats()).toMatchObject({ delivered: 25, pending: 0, inFlight: 0 });
    expect(new Set(crm.received.map(({ headers }) => headers['idempotency-key'])).size).toBe(3);
  });

  it('gather for as long as they may, unless there are enough', async () => {
    const crm = await start(takeAll);
    const notifier = createFor(crm.url, { maxCount: 4, maxWaitMs: 1_000 });
    await notifier.accept('a');
    await clock.advance(900);
    await notifier.accept('b');
    expect(crm.received).toEqual([]);
    await clock.advance(100);
    await allDelivered(notifier, 2);
    expect(crm.received.map(lanesOf)).toEqual([['a', 'b']]);
    await notifier.accept('a', 'b', 'c', 'd');
    await notifier.hear('delivered', 6);
    expect(countsOf(crm.received)).toEqual([2, 4]);
  });

  it('keep each lane in order: of one lane there is only the first', async () => {
    const crm = await start(takeAll);
    const notifier = createFor(crm.url, { maxCount: 100 });
    const ids = await notifier.accept('a', 'a', 'b', 'a', 'b', 'c');
    await allDelivered(notifier, 6);
    expect(crm.received.map(lanesOf)).toEqual([['a', 'b', 'c'], ['a', 'b'], ['a']]);
    const ofA = crm.received.flatMap(itemsOf).filter((item) => item.additional_data.lane === 'a');
    expect(ofA.map((item) => item.notification_id)).toEqual([ids[0], ids[1], ids[3]]);
  });

  it('sink no notification for another: each gets what its own result says', async () => {
    const statuses: Record<string, number> = { bad: 422, busy: 503 };
    const crm = await start(perItem((lane) => statuses[lane] ?? 200));
    const notifier = createFor(crm.url, { maxCount: 10 });
    await notifier.accept('a', 'bad', 'busy', 'b');
    await passTimeUntil(notifier.hear('retry'), clock);
    expect(notifier.told('delivered')).toHaveLength(2);
    expect(notifier.told('dead')).toMatchObject([{ reason: { kind: 'rejected', status: 422, detail: 'no: 422' } }]);
    expect(notifier.told('retry')).toMatchObject([{ status: 503, attempts: 1 }]);
    crm.answerWith(takeAll);
    await allDelivered(notifier, 3);
  });

  it('that are rejected as a whole get smaller, until the one to blame is alone', async () => {
    const crm = await start((received, res) => {
      if (lanesOf(received).includes('bad')) reply(400, 'one of them cannot be taken')(received, res);
      else takeAll(received, res);
    });
    const notifier = createFor(crm.url, { maxCount: 64 });
    await notifier.accept(...manyLanes(20), 'bad', ...manyLanes(40).slice(20));
    await passTimeUntil(notifier.hear('dead'), clock);
    await allDelivered(notifier, 40);
    expect(notifier.told('dead')).toMatchObject([{ reason: { status: 400, detail: 'one of them cannot be taken' } }]);
    expect(countsOf(crm.received)[0]).toBe(41);
    // 64, 16, 4, 1: none is tried more often than it takes to be alone.
    expect(Math.max(...notifier.told('retry').map(({ attempts }) => attempts))).toBeLessThanOrEqual(3);
  });

  it.each([400, 413])(
    'that are rejected as a whole with %d hold up nobody: no back-off comes before the smaller ones',
    async (status) => {
      const crm = await start((received, res) => {
        if (lanesOf(received).includes('bad')) reply(status)(received, res);
        else takeAll(received, res);
      });
      const notifier = createFor(crm.url, { maxCount: 41 }, { concurrency: 4 });
      await notifier.accept(...manyLanes(20), 'bad', ...manyLanes(40).slice(20));
      // The clock stands still.
      await Promise.all([notifier.hear('delivered', 40), notifier.hear('dead')]);
      expect(new Set(notifier.told('retry').map(({ delayMs }) => delayMs))).toEqual(new Set([0]));
      expect(Math.max(...notifier.told('retry').map(({ attempts }) => attempts))).toBe(3);
      expect(notifier.told('dead')).toMatchObject([{ attempts: 4, reason: { status } }]);
      expect(crm.received.length).toBeLessThan(30);
    },
  );

  it.each<[string, number]>([
    ['no path for several', 404],
    ['a redirect where several go', 302],
  ])('reach a CRM that has %s one by one, at once, and the URL is not blamed', async (_what, status) => {
    const crm = await start((received, res) => {
      if (received.url.endsWith('/batch')) reply(status)(received, res);
      else takeAll(received, res);
    });
    const notifier = createFor(crm.url, { maxCount: 10 }, { concurrency: 32 });
    await notifier.accept(...manyLanes(10));
    await notifier.hear('delivered', 10);
    // As many batches at once as, if they counted, would put the URL in doubt.
    await notifier.accept(...manyLanes(300));
    await notifier.hear('delivered', 310);
    expect(notifier.told('paused')).toEqual([]);
    expect(notifier.told('dead')).toEqual([]);
    expect(Math.max(...notifier.told('retry').map(({ attempts }) => attempts))).toBe(1);
    expect(countsOf(crm.received).filter((count) => count > 1)).toEqual(Array.from({ length: 31 }, () => 10));
  });

  it('to a wrong URL pause delivery as a single one does, and bury nothing', async () => {
    const crm = await start(reply(404));
    const notifier = createFor(crm.url, { maxCount: 20 }, { concurrency: 4 });
    await notifier.accept(...manyLanes(20));
    await notifier.hear('paused');
    expect(notifier.told('paused')).toMatchObject([{ cause: { kind: 'misdirected', status: 404 } }]);
    crm.answerWith(takeAll);
    await allDelivered(notifier, 20);
    expect(notifier.told('dead')).toEqual([]);
  });

  it('that are too large are halved', async () => {
    const crm = await start((received, res) => {
      if (itemsOf(received).length > 5) reply(413)(received, res);
      else takeAll(received, res);
    });
    const notifier = createFor(crm.url, { maxCount: 20 });
    await notifier.accept(...manyLanes(20));
    await allDelivered(notifier, 20);
    await notifier.accept(...manyLanes(20));
    await allDelivered(notifier, 40);
    expect(Math.max(...countsOf(crm.received).slice(-4))).toBeLessThanOrEqual(5);
    expect(notifier.told('dead')).toEqual([]);
  });

  it('that were halved grow back by one after every 50 that were taken, as far as they may', async () => {
    const crm = await start(inTurn(reply(413), takeAll));
    const notifier = createFor(crm.url, { maxCount: 8 });
    const acceptedCount = 8 + 50 * (4 + 5 + 6 + 7) + 2 * 8;
    await notifier.accept(...manyLanes(acceptedCount));
    await allDelivered(notifier, acceptedCount);
    const times = (count: number, size: number): number[] => Array.from({ length: count }, () => size);
    const grown = [4, 5, 6, 7].flatMap((size) => times(50, size));
    // Those of the first batch share smaller ones.
    expect(countsOf(crm.received).filter((count) => count > 2)).toEqual([8, ...grown, 8, 8]);
  });

  it('are seldom too large again where no larger ones are taken', async () => {
    const crm = await start((received, res) => {
      if (itemsOf(received).length > 5) reply(413)(received, res);
      else takeAll(received, res);
    });
    const notifier = createFor(crm.url, { maxCount: 10 });
    await notifier.accept(...manyLanes(1_000));
    await allDelivered(notifier, 1_000);
    const refusedCount = countsOf(crm.received).filter((count) => count > 5).length;
    expect(refusedCount).toBeGreaterThan(1);
    expect(refusedCount).toBeLessThan(crm.received.length / 50);
    expect(notifier.told('dead')).toEqual([]);
  });

  it('have no more bytes than they may', async () => {
    const crm = await start(takeAll);
    const notifier = createFor(crm.url, { maxCount: 100, maxBytes: 1_000 });
    await notifier.accept(...manyLanes(12));
    await allDelivered(notifier, 12);
    expect(Math.max(...crm.received.map(({ text }) => Buffer.byteLength(text)))).toBeLessThanOrEqual(1_000 + 30);
    expect(crm.received.length).toBeLessThan(12);
  });

  it.each<[string, Answer]>([
    ['breaks the connection', (_received, res) => res.destroy()],
    ['never answers', () => undefined],
  ])('lose and hold up nothing while the CRM %s for one notification', async (_what, hurt) => {
    const crm = await start((received, res) => {
      if (lanesOf(received).includes('bad')) return hurt(received, res);
      return takeAll(received, res);
    });
    const notifier = createFor(crm.url, { maxCount: 16 }, { concurrency: 4, timeoutMs: 1_000 });
    await notifier.accept(...manyLanes(8), 'bad', ...manyLanes(20).slice(8));
    await allDelivered(notifier, 20);
    expect(await notifier.stats()).toMatchObject({ pending: 1, dead: 0 });
    crm.answerWith(takeAll);
    await allDelivered(notifier, 21);
  });

  it('wait as a whole while the token is refused, and lose nothing', async () => {
    const crm = await start(inTurn(reply(401), takeAll));
    const notifier = createFor(crm.url, { maxCount: 10 });
    await notifier.accept(...manyLanes(10));
    await notifier.hear('paused');
    await allDelivered(notifier, 10);
    expect(notifier.told('paused')).toHaveLength(1);
    expect(notifier.told('dead')).toEqual([]);
  });

  it('are the same under the same key each time they are sent again, whatever else has come meanwhile', async () => {
    const crm = await start(inTurn(...Array.from({ length: 4 }, () => reply(503)), takeAll));
    const notifier = createFor(crm.url, { maxCount: 10 });
    await notifier.accept(...manyLanes(8));
    await passTimeUntil(notifier.hear('retry', 8), clock);
    const others = await notifier.accept(...manyLanes(20).slice(8));
    await allDelivered(notifier, 20);
    const withoutOthers = crm.received.filter((request) => !others.includes(itemsOf(request)[0]!.notification_id));
    expect(withoutOthers.length).toBeGreaterThan(1);
    expect(new Set(withoutOthers.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
    expect(new Set(withoutOthers.map((request) => lanesOf(request).join()))).toEqual(new Set([manyLanes(8).join()]));
    expect(withoutOthers.map(({ headers }) => headers['x-retry-count'])).toEqual(
      withoutOthers.map((_, index) => (index === 0 ? undefined : String(index))),
    );
    expect(withoutOthers[0]?.headers['idempotency-key']).toMatch(/^batch_[\w-]{43}$/);
  });

  it('stay whole while the target has no time, and need no more requests than before', async () => {
    const crm = await start(inTurn(...Array.from({ length: 12 }, () => reply(503)), takeAll));
    const notifier = createFor(crm.url, { maxCount: 10 });
    await notifier.accept(...manyLanes(40));
    await allDelivered(notifier, 40);
    expect(countsOf(crm.received)).toEqual(Array.from({ length: 16 }, () => 10));
  });

  it('that make the CRM fail as a whole get smaller, until the one to blame is alone', async () => {
    const crm = await start((received, res) => {
      if (lanesOf(received).includes('bad')) reply(500)(received, res);
      else takeAll(received, res);
    });
    const notifier = createFor(crm.url, { maxCount: 64 });
    await notifier.accept(...manyLanes(20), 'bad', ...manyLanes(40).slice(20));
    await allDelivered(notifier, 40);
    expect(await notifier.stats()).toMatchObject({ pending: 1, dead: 0 });
    crm.answerWith(takeAll);
    await allDelivered(notifier, 41);
  });

  it('of one are a usual request', async () => {
    const crm = await start(accept);
    const notifier = createFor(crm.url, { maxCount: 10 });
    const [id] = await notifier.accept('a');
    await allDelivered(notifier, 1);
    expect(crm.received[0]).toMatchObject({ url: '/notify', headers: { 'idempotency-key': id } });
  });

  it('whose results come in another order are judged by their ids', async () => {
    const statuses: Record<string, number> = { bad: 422, busy: 503 };
    const crm = await start((received, res) => {
      if (itemsOf(received).length === 1) return takeAll(received, res);
      const results = itemsOf(received).map(({ notification_id, additional_data: { lane } }) => ({
        notification_id,
        status: statuses[lane] ?? 200,
      }));
      return reply(200, JSON.stringify({ results: results.reverse() }))(received, res);
    });
    const notifier = createFor(crm.url, { maxCount: 10 });
    const [, bad, busy] = await notifier.accept('a', 'bad', 'busy', 'b');
    await allDelivered(notifier, 3);
    expect(notifier.told('dead')).toMatchObject([{ id: bad }]);
    expect(notifier.told('retry')).toMatchObject([{ id: busy, status: 503 }]);
  });

  it('have those without a result sent again, with fewer others, until the status is about one alone', async () => {
    const crm = await start((received, res) => {
      const [first, ...others] = itemsOf(received);
      const result = { notification_id: first!.notification_id, status: 422 };
      reply(200, JSON.stringify(others.length > 0 ? { results: [null, {}, result] } : {}))(received, res);
    });
    const notifier = createFor(crm.url, { maxCount: 10 });
    const [first] = await notifier.accept('a', 'b', 'c');
    await allDelivered(notifier, 2);
    expect(notifier.told('dead')).toMatchObject([{ id: first }]);
    expect(countsOf(crm.received)).toEqual([3, 1, 1]);
  });

  it.each<[string, Answer]>([
    [
      'breaks off',
      (received, res) => {
        res.writeHead(200, { 'content-length': 1_000 });
        res.write(`{"results":[${JSON.stringify({ notification_id: itemsOf(received)[0]!.notification_id })}`, () => {
          res.destroy();
        });
      },
    ],
    [
      'is longer than is read',
      (received, res) => {
        const error = 'x'.repeat(40_000);
        const results = itemsOf(received).map(({ notification_id }) => ({ notification_id, status: 503, error }));
        res.end(JSON.stringify({ results }));
      },
    ],
  ])('whose reply %s are sent again, and lose nothing', async (_what, answer) => {
    const crm = await start((received, res) => {
      if (itemsOf(received).length > 2) answer(received, res);
      else takeAll(received, res);
    });
    const notifier = createFor(crm.url, { maxCount: 8 });
    await notifier.accept(...manyLanes(8));
    await allDelivered(notifier, 8);
    expect(countsOf(crm.received)).toEqual([8, 2, 2, 2, 2]);
  });

  it('stay as large as they may after one alone was too large', async () => {
    const crm = await start((received, res) => {
      if (lanesOf(received).includes('large')) reply(413)(received, res);
      else takeAll(received, res);
    });
    const notifier = createFor(crm.url, { maxCount: 10 });
    await notifier.accept('large');
    await passTimeUntil(notifier.hear('dead'), clock);
    await notifier.accept(...manyLanes(10));
    await allDelivered(notifier, 10);
    expect(countsOf(crm.received)).toEqual([1, 10]);
  });
});
