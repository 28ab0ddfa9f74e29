import request from 'supertest';
import { afterEvent, type Logger } from '../../src/index.js';
import { expressVersions } from '../helpers/express-versions.js';
import {
  eventNames,
  troubleNames,
  notificationIn,
  passTimeUntil,
  settle,
  useNotifiers,
} from '../helpers/observed-notifier.js';
import { createOwnedClock, type OwnedClock } from '../../src/testing/owned-clock.js';
import { accept, inTurn, reply } from '../helpers/scripted-crm.js';
import { useCrm } from '../helpers/use-crm.js';

describe('the events of a notifier', () => {
  const create = useNotifiers();
  const start = useCrm();
  let clock: OwnedClock;
  beforeEach(() => {
    clock = createOwnedClock();
  });

  it('tell of a notification from its acceptance to its delivery', async () => {
    const crm = await start(inTurn(reply(503), accept));
    const { told, ...notifier } = create({ baseUrl: crm.url, clock });
    const [id] = await notifier.accept('a');
    await passTimeUntil(notifier.hear('delivered'), clock);
    const about = { id, type: 'user_moved' };
    expect(told('accepted')).toEqual([{ ...about, lane: 'a' }]);
    const attempt = {
      ...about,
      target: 'crm',
      lane: 'a',
      durationMs: expect.any(Number) as number,
      endedAt: expect.any(Number) as number,
      traceparent: undefined,
      wasSent: true,
    };
    const delayMs = expect.any(Number) as number;
    expect(told('retry')).toEqual([
      { ...attempt, attempts: 1, status: 503, code: undefined, detail: '', delayMs, circuit: 'closed' },
    ]);
    expect(told('delivered')).toEqual([
      { ...attempt, attempts: 2, status: 200, isReplyNotJson: false, ageMs: expect.any(Number) as number },
    ]);
    for (const name of ['rejected', 'dead', 'paused', 'resumed', 'unsent', ...troubleNames] as const)
      expect(told(name)).toEqual([]);
  });

  it('tell of a rejection and of a dead letter', async () => {
    const crm = await start(reply(422, 'no such user'));
    const { told, ...notifier } = create({ baseUrl: crm.url, clock });
    const receipt = await notifier.notifier.notify({ ...notificationIn('a'), userId: 0 });
    expect(told('rejected')).toEqual([{ type: undefined, error: !receipt.accepted && receipt.error }]);
    const [id] = await notifier.accept('a');
    const reason = { kind: 'rejected', status: 422, detail: 'no such user' };
    expect(await notifier.hear('dead')).toMatchObject([{ id, type: 'user_moved', attempts: 1, reason }]);
  });

  it('tell what a hook added to a response, once it is let go', async () => {
    const crm = await start();
    const { told, ...notifier } = create({ baseUrl: crm.url, clock });
    const app = expressVersions[0]!.express();
    app.use(notifier.notifier.middleware());
    app.get(
      '/',
      afterEvent('updated', async () => {
        await clock.advance(7);
        return { eventId: 1, userId: 1 };
      }),
      (_req, res) => res.json({}),
    );
    await passTimeUntil(request(app).get('/').expect(200).then(), clock);
    const [responded] = await notifier.hear('responded');
    expect(responded).toEqual({ type: 'event_updated', durationMs: expect.any(Number) as number });
    expect(responded!.durationMs).toBeGreaterThanOrEqual(7);
    expect(told('responded')).toHaveLength(1);
  });

  it('tell of a pause and its end', async () => {
    const crm = await start(reply(401));
    const { told, ...notifier } = create({ baseUrl: crm.url, clock });
    await notifier.accept('a');
    expect(await notifier.hear('paused')).toEqual([{ target: 'crm', cause: { kind: 'unauthorised', status: 401 } }]);
    crm.answerWith(accept);
    await passTimeUntil(notifier.hear('delivered'), clock);
    expect(told('resumed')).toEqual([{ target: 'crm' }]);
  });

  it('reach every listener until it unsubscribes, which may be meanwhile and more than once', async () => {
    const crm = await start();
    const notifier = create({ baseUrl: crm.url });
    const heard: string[] = [];
    const stopFirst = notifier.notifier.on('accepted', () => {
      heard.push('first');
      stopFirst();
      notifier.notifier.on('accepted', () => heard.push('late'));
    });
    const stopSecond = notifier.notifier.on('accepted', () => heard.push('second'));
    await notifier.accept('a');
    expect(heard).toEqual(['first', 'second']);
    await notifier.accept('a');
    expect(heard).toEqual(['first', 'second', 'second', 'late']);
    stopSecond();
    stopSecond();
    stopFirst();
    await notifier.accept('a');
    expect(heard.slice(4)).toEqual(['late']);
  });

  it('survive listeners that throw and reject, tell the others, and count each failure (case 33)', async () => {
    const crm = await start(inTurn(reply(401), reply(503), reply(422), accept));
    const observed = create({ baseUrl: crm.url, clock });
    const { notifier, told } = observed;
    const calls = { count: 0 };
    const fail = (): never => {
      calls.count += 1;
      throw new Error('listener');
    };
    const failLater = async (): Promise<void> => {
      fail();
    };
    const hostile = (): unknown => ({
      get then() {
        return fail();
      },
    });
    for (const name of eventNames) {
      for (const listener of [fail, failLater, hostile]) notifier.on(name, listener);
    }
    await notifier.pause();
    await notifier.resume();
    await notifier.notify({ ...notificationIn('a'), userId: 0 });
    await observed.accept('a', 'a');
    await passTimeUntil(observed.hear('delivered'), clock);
    await settle(clock);

    const toldCount = eventNames.reduce((sum, name) => sum + told(name).length, 0);
    expect(eventNames.filter((name) => told(name).length === 0)).toEqual(['responded', 'unsent', ...troubleNames]);
    expect(calls.count).toBe(3 * toldCount);
    expect((await observed.stats()).observerFailures).toBe(3 * toldCount);
    expect(await observed.stats()).toMatchObject({ accepted: 2, delivered: 1, dead: 1 });
  });

  it.each<[what: string, fail: () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('logger');
      },
    ],
    ['rejects', () => Promise.reject(new Error('logger'))],
  ])('come all the same with a logger that %s, which is counted (case 33)', async (_what, fail) => {
    const lines = { count: 0 };
    const write = (): unknown => {
      lines.count += 1;
      return fail();
    };
    const logger: Logger = { debug: write, info: write, warn: write, error: write };
    const crm = await start(inTurn(reply(422), accept));
    const notifier = create({ baseUrl: crm.url, clock, logger });
    await notifier.notifier.notify({ ...notificationIn('a'), userId: 0 });
    await notifier.accept('a', 'a');
    await notifier.hear('delivered');
    await settle(clock);
    expect([notifier.told('rejected').length, notifier.told('dead').length]).toEqual([1, 1]);
    expect(lines.count).toBeGreaterThanOrEqual(3);
    expect((await notifier.stats()).observerFailures).toBe(lines.count);
  });
});
