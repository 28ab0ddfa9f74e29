import request from 'supertest';
import type { Overview, Refusal } from '../../src/dashboard/api-contract.js';
import type { Stats } from '../../src/index.js';
import { createOwnedClock } from '../../src/testing/owned-clock.js';
import { createDeferred } from '../helpers/deferred.js';
import { expressVersions } from '../helpers/express-versions.js';
import { passTimeUntil, settle, useNotifiers } from '../helpers/observed-notifier.js';
import { accept, inTurn, reply } from '../helpers/scripted-crm.js';
import { useCrm } from '../helpers/use-crm.js';
import { signedIn, testDashboard, useDashboard, type DashboardStage } from './use-dashboard.js';

jest.setTimeout(20_000);

async function overviewOf({ app }: Pick<DashboardStage, 'app'>): Promise<Overview> {
  return (await request(app).get('/crm/api/overview').set(signedIn).expect(200)).body as Overview;
}

describe('the overview', () => {
  const dashboardOf = useDashboard();
  const startCrm = useCrm();

  it('has the result of crm.stats(), and every attempt since the mount', async () => {
    const crm = await startCrm(inTurn(accept, reply(422), reply(503), accept));
    const stage = dashboardOf({ baseUrl: crm.url, concurrency: 1, retry: { firstDelayMs: 1 } });
    const [first, second, third] = await stage.accept('a', 'b', 'c');
    await stage.hear('delivered', 2);
    await stage.flush();
    const overview = await overviewOf(stage);
    expect(overview.stats).toEqual(await stage.stats());
    expect(overview.stats).toMatchObject({ accepted: 3, delivered: 2, retried: 1, dead: 1, pending: 0 });
    expect(overview.attempts.map(({ id, outcome, result, attempts }) => [id, outcome, result, attempts])).toEqual([
      [third, 'delivered', 200, 2],
      [third, 'retry', 503, 1],
      [second, 'dead', 422, 1],
      [first, 'delivered', 200, 1],
    ]);
    expect(overview.latency).toMatchObject({
      count: 4,
      p99Ms: Math.max(...overview.attempts.map((a) => a.durationMs)),
    });
    const sums = (['accepted', 'delivered', 'retried', 'dead'] as const).map((name) => sum(overview.counts![name]));
    expect(sums).toEqual([3, 2, 1, 1]);
    expect(overview.health).toMatchObject({ level: 'attention', code: 'dead-letters', title: '1 dead' });
    expect(JSON.stringify(overview)).not.toMatch(/"moved"|user_id|test-token/);
  });

  it('tells of what was not accepted, because it is not valid or the outbox is full', async () => {
    const stage = dashboardOf({ baseUrl: 'http://127.0.0.1:9', maxPending: { count: 1 } });
    const notify = (userId: unknown) =>
      stage.notifier.notify({ notificationType: 'user_moved', userId: userId as number, message: 'moved' });
    const receipts = [await notify(1), await notify(2), await notify(undefined)];
    expect(receipts.map(({ accepted }) => accepted)).toEqual([true, false, false]);
    const { health, stats } = await overviewOf(stage);
    expect(stats.rejected).toBe(2);
    expect([health, ...health.others].map(({ sentence }) => sentence)).toContainEqual(
      expect.stringContaining('did not accept 2 notifications (1 not valid, 1 without room in the outbox)'),
    );
  });

  it('has the counts of each type, which add up to those of crm.stats() and of the charts', async () => {
    const crm = await startCrm(inTurn(accept, reply(422), reply(503), accept));
    const sales = await startCrm();
    const targets = {
      crm: { baseUrl: crm.url, authToken: 'a' },
      sales: { baseUrl: sales.url, authToken: 'b' },
    };
    const stage = dashboardOf({ targets, concurrency: 1, retry: { firstDelayMs: 1 } });
    const startedAt = Date.now();
    const notify = (notificationType: string, to: readonly string[]) =>
      stage.notifier.notify({ notificationType, userId: 1, message: 'moved', targets: to });
    await notify('booking_created', ['crm', 'sales']);
    await notify('event_updated', ['crm']);
    await notify('booking_created', ['crm']);
    await stage.hear('delivered', 3);
    await stage.flush();
    const overview = await overviewOf(stage);
    const nothing = { accepted: 0, delivered: 0, retried: 0, dead: 0 };
    const counts = [
      { ...nothing, target: 'crm', type: 'booking_created', accepted: 2, delivered: 2, retried: 1 },
      { ...nothing, target: 'sales', type: 'booking_created', accepted: 1, delivered: 1 },
      { ...nothing, target: 'crm', type: 'event_updated', accepted: 1, dead: 1 },
    ];
    expect(overview.byType).toEqual({ counts, count: 3 });
    expect(await stage.notifier.countsByType(startedAt)).toEqual(counts);
    const minutes = (await stage.notifier.minutes(startedAt - (startedAt % 60_000)))!;
    for (const name of ['accepted', 'delivered', 'retried', 'dead'] as const) {
      const total = sum(counts.map((ofType) => ofType[name]));
      expect(sum(overview.counts![name])).toBe(total);
      expect(sum(minutes.map((ofMinute) => ofMinute[name]))).toBe(total);
    }
    // The table of targets agrees with the charts.
    expect(overview.targets.map(({ name, inRange }) => [name, inRange])).toEqual([
      ['crm', { delivered: 2, retried: 1 }],
      ['sales', { delivered: 1, retried: 0 }],
    ]);
    const { delivered, retried, dead } = await stage.stats();
    expect({ delivered, retried, dead }).toEqual({ delivered: 3, retried: 1, dead: 1 });
  });

  it('has the 50 types with the most accepted, and how many there are', async () => {
    const stage = dashboardOf({ baseUrl: (await startCrm()).url });
    const types = Array.from({ length: 60 }, (_, index) => `type_${String(index)}`);
    for (const notificationType of [...types, 'type_59', 'type_59', 'type_58'])
      await stage.notifier.notify({ notificationType, userId: 1, message: 'moved' });
    const { byType } = await overviewOf(stage);
    expect(byType).toMatchObject({ counts: { length: 50 }, count: 60 });
    expect(byType!.counts.slice(0, 2)).toMatchObject([
      { type: 'type_59', accepted: 3 },
      { type: 'type_58', accepted: 2 },
    ]);
  });

  it('keeps 60 minutes and 100 attempts by its clock, and survives clock jumps', async () => {
    const crm = await startCrm();
    const clock = createOwnedClock();
    const stage = dashboardOf({ baseUrl: crm.url, clock }, { clock });
    const deliver = async (count: number, total: number): Promise<void> => {
      await stage.accept(...Array.from({ length: count }, () => 'one lane'));
      while (stage.told('delivered').length < total) await settle(clock);
    };
    await deliver(2, 2);
    clock.jumpWall(59 * 60_000);
    await deliver(120, 122);
    await clock.advance(1_000);
    const later = await overviewOf(stage);
    expect(later.counts!.accepted[0]).toBe(2);
    expect(later.counts!.accepted.at(-1)).toBe(120);
    expect(later.counts!.accepted).toHaveLength(60);
    expect(later.attempts).toHaveLength(100);
    expect(later.attempts[0]!.number).toBe(122);
    expect(later.latency.count).toBe(122);

    clock.jumpWall(60_000);
    await clock.advance(1_000);
    const evenLater = await overviewOf(stage);
    expect(evenLater.counts!.accepted.at(-2)).toBe(120);
    expect(sum(evenLater.counts!.accepted)).toBe(120);

    clock.jumpWall(-3 * 60_000);
    await deliver(1, 123);
    await clock.advance(1_000);
    expect((await overviewOf(stage)).counts!.accepted.at(-1)).toBe(1);
    clock.jumpWall(86_400_000);
    await clock.advance(1_000);
    const nextDay = await overviewOf(stage);
    expect(sum(nextDay.counts!.accepted)).toBe(0);
    expect(nextDay.latency).toEqual({ count: 0, p50Ms: null, p95Ms: null, p99Ms: null });
  });

  it('says that the token is refused, and since when, until the CRM accepts it', async () => {
    const crm = await startCrm(reply(401));
    const clock = createOwnedClock();
    const stage = dashboardOf({ baseUrl: crm.url, clock }, { clock });
    await stage.accept('a');
    await crm.waitFor(1);
    while (stage.told('paused').length === 0) await settle(clock);
    const { health, targets, attempts } = await overviewOf(stage);
    expect(health).toMatchObject({ level: 'failing', code: 'token-refused', title: 'token refused' });
    expect(health.sentence).toContain('(401)');
    const pause = { cause: { kind: 'unauthorised', status: 401 }, since: clock.now() };
    expect(targets).toMatchObject([{ name: 'crm', circuit: 'open', pause }]);
    expect(attempts[0]).toMatchObject({ outcome: 'refused', result: 401 });
    crm.answerWith(accept);
    await passTimeUntil(stage.hear('resumed'), clock);
    await passTimeUntil(stage.hear('delivered'), clock);
    await clock.advance(1_000);
    const after = await overviewOf(stage);
    expect(after.health.code).toBe('fine');
    expect(after.targets).toMatchObject([{ circuit: 'closed', pause: null }]);
  });

  it('says that the CRM cannot be reached, with the code, even if it was mounted after that began', async () => {
    const clock = createOwnedClock();
    const stage = dashboardOf({ baseUrl: 'http://127.0.0.1:9', clock, breaker: { failureThreshold: 1 } }, { clock });
    await stage.accept('a');
    while (stage.told('paused').length === 0) await settle(clock);
    const { health, attempts } = await overviewOf(stage);
    expect(health).toMatchObject({ level: 'failing', code: 'crm-unreachable' });
    expect(health.sentence).toContain('(ECONNREFUSED)');
    expect(attempts[0]).toMatchObject({ outcome: 'unsent', result: 'ECONNREFUSED', attempts: 0 });

    const late = expressVersions[1]!.express();
    late.use('/crm', testDashboard(stage.notifier, { clock }));
    const { health: known, targets, latency } = await overviewOf({ app: late });
    expect(known.sentence).toContain('(ECONNREFUSED)');
    expect(targets).toMatchObject([{ pause: { cause: { kind: 'unreachable', code: 'ECONNREFUSED' } } }]);
    expect(latency.count).toBe(0);
  });
});

describe.each(expressVersions)('asking for the overview, on $version', ({ express }) => {
  const makeNotifier = useNotifiers();

  /** A real notifier whose `stats` the test counts, delays or fails. */
  function appWith(stats: (real: () => Promise<Stats>) => Promise<Stats>, clock = createOwnedClock()) {
    const { notifier } = makeNotifier({ clock });
    const app = express();
    app.use('/crm', testDashboard({ ...notifier, stats: () => stats(() => notifier.stats()) }, { clock }));
    return { app, clock };
  }

  it('calls crm.stats() once in 500 ms, however many clients ask', async () => {
    let count = 0;
    const { app, clock } = appWith((real) => {
      count += 1;
      return real();
    });
    const ask = () => Promise.all(Array.from({ length: 20 }, () => overviewOf({ app })));
    expect(new Set((await ask()).map((overview) => JSON.stringify(overview))).size).toBe(1);
    await clock.advance(499);
    await ask();
    expect(count).toBe(1);
    await clock.advance(1);
    await ask();
    expect(count).toBe(2);
  });

  it('responds 503 while the notifier fails, and recovers', async () => {
    let isFailing = true;
    const { app, clock } = appWith((real) => (isFailing ? Promise.reject(new Error('/var/secret')) : real()));
    const { body, text } = await request(app).get('/crm/api/overview').set(signedIn).expect(503);
    expect(body.error.code).toBe('unavailable');
    expect(text).not.toContain('secret');
    isFailing = false;
    await clock.advance(500);
    await overviewOf({ app });
  });

  it('responds 503 while crm.stats() hangs, and calls it only once', async () => {
    const silent = createDeferred<Stats>();
    let count = 0;
    const { app, clock } = appWith(() => {
      count += 1;
      return silent.promise;
    });
    for (let round = 0; round < 3; round += 1) {
      const asked = request(app).get('/crm/api/overview').set(signedIn);
      const response = asked.then(({ status, body }) => ({ status, code: (body as Refusal).error.code }));
      while (clock.timerCount === 0 || count === 0) await new Promise(setImmediate);
      expect(await passTimeUntil(response, clock)).toEqual({ status: 503, code: 'ERR_CRM_OUTBOX' });
    }
    expect(count).toBe(1);
  });
});

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
