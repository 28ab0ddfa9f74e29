import request from 'supertest';
import type { Overview } from '../../src/dashboard/api-contract.js';
import type { DashboardOptions } from '../../src/dashboard/index.js';
import { expressVersions } from '../helpers/express-versions.js';
import { createLogCollector } from '../helpers/log-collector.js';
import { reply } from '../helpers/scripted-crm.js';
import { useCrm } from '../helpers/use-crm.js';
import { fromThePage, signedIn, useDashboard } from './use-dashboard.js';

describe.each(expressVersions)('who may change what, on $version', ({ express }) => {
  const dashboardOf = useDashboard();
  const startCrm = useCrm();

  async function withOneDead(options: DashboardOptions) {
    const crm = await startCrm(reply(422, 'no'));
    const logger = createLogCollector();
    const stage = dashboardOf({ baseUrl: crm.url }, { ...options, logger }, express);
    const [id = ''] = await stage.accept('booking:1');
    await stage.hear('dead');
    const change = (path: string) =>
      request(stage.app)
        .post(`/crm/api/dead-letters/${path}`)
        .set({ ...fromThePage, 'x-user': 'ada' });
    return { ...stage, id, change, logger };
  }

  it.each<[string, DashboardOptions['authorizeChange']]>([
    ['returns false', () => false],
    ['resolves to what is no true', () => Promise.resolve('yes') as never],
    [
      'throws',
      () => {
        throw new Error('secret');
      },
    ],
    ['rejects', () => Promise.reject(new Error('secret'))],
  ])('is seen but not changed when authorizeChange %s', async (_what, authorizeChange) => {
    const { app, change, id, stats, logger } = await withOneDead({
      authorizeChange,
      userOf: (req) => String(req.headers['x-user']),
    });
    await request(app).get('/crm/api/dead-letters').set(signedIn).expect(200);
    const { body: overview } = await request(app).get('/crm/api/overview').set(signedIn).expect(200);
    expect(overview).toMatchObject({ mayChange: false, stats: { dead: 1 } });
    for (const path of [`${id}/redeliver`, `${id}/discard`, 'redeliver-all', 'discard-all']) {
      const { body } = await change(path).expect(403);
      expect(body).toMatchObject({ error: { code: 'may-not-change' } });
    }
    expect((await stats()).dead).toBe(1);
    const refused = logger.at('warn').filter(({ message }) => message === 'CRM dashboard: a change was refused');
    expect(refused.map(({ fields }) => fields)).toEqual(
      ['redeliver', 'discard', 'redeliver-all', 'discard-all'].map((change) => ({ by: 'ada', change })),
    );
    expect(logger.text()).not.toContain('secret');
  });

  it('is changed by those whom authorizeChange lets, and the log says who did what', async () => {
    const { change, id, logger } = await withOneDead({
      authorizeChange: (req) => Promise.resolve(req.headers['x-user'] === 'ada'),
      userOf: (req) => String(req.headers['x-user']),
    });
    await change(`${id}/discard?target=crm`).expect(200);
    await change('redeliver-all?status=422').expect(200);
    expect(logger.at('info').map(({ fields }) => fields)).toEqual([
      { by: 'ada', notificationId: id, target: 'crm', discarded: 1 },
      { by: 'ada', filter: { status: 422 }, redelivered: 0 },
    ]);
  });

  it('shows its numbers, and lets nobody change them, where authorizeChange does not answer', async () => {
    const { app } = dashboardOf({}, { authorizeChange: () => new Promise<boolean>(() => undefined) }, express);
    const { body } = await request(app).get('/crm/api/overview').set(signedIn).expect(200);
    expect(body).toMatchObject({ mayChange: false, health: { code: 'fine' } });
  });

  it('is paused and resumed by those whom authorizeChange lets, and the log says who did what', async () => {
    const crm = await startCrm();
    const logger = createLogCollector();
    const { app, stats, notifier } = dashboardOf(
      { baseUrl: crm.url },
      {
        logger,
        authorizeChange: (req) => req.headers['x-user'] !== 'eve',
        userOf: (req) => String(req.headers['x-user']),
      },
      express,
    );
    const change = (path: string, user: string) =>
      request(app)
        .post(`/crm/api/${path}`)
        .set({ ...fromThePage, 'x-user': user });
    const by = async () => (await stats()).targets['crm']?.pausedByHand?.by;
    await change('pause', 'eve').expect(403);
    await request(app).get('/crm/api/pause').set(signedIn).expect(405);
    expect(await by()).toBeUndefined();
    const { body } = await change('pause?target=crm', 'ada').expect(200);
    expect(body).toEqual({ changed: 1, at: expect.any(Number) });
    expect(await by()).toBe('ada');
    const seen = await request(app).get('/crm/api/overview').set(signedIn).expect(200);
    expect(seen.body).toMatchObject({
      health: { level: 'attention', code: 'paused-by-hand', instant: expect.any(Number) },
      targets: [{ pause: { cause: { kind: 'byHand', by: 'ada' }, since: expect.any(Number) } }],
    });
    // Two who share one reading: the page of each says what that one may.
    const mayChange = async (user: string) => {
      const { body } = await request(app).get('/crm/api/overview').set(signedIn).set('x-user', user).expect(200);
      return (body as Overview).mayChange;
    };
    expect([await mayChange('ada'), await mayChange('eve'), await mayChange('ada')]).toEqual([true, false, true]);
    await change('resume', 'eve').expect(403);
    await change('pause?target=slaes', 'ada').expect(400, {
      error: { code: 'unknown-target', message: 'the target is not configured; there is crm' },
    });
    await change('pause?tarket=crm', 'ada').expect(400);
    await change('resume', 'bob').expect(200);
    expect(await by()).toBeUndefined();
    const latest = async () => (await notifier.changes(0))?.latest ?? [];
    while ((await latest()).length < 2) await new Promise(setImmediate);
    expect(await latest()).toMatchObject([
      { kind: 'resumed', target: 'crm', by: 'bob' },
      { kind: 'paused', target: 'crm', by: 'ada' },
    ]);
    expect(logger.at('info')).toMatchObject([
      { message: 'CRM dashboard: delivery was paused', fields: { by: 'ada', target: 'crm', changed: 1 } },
      { message: 'CRM dashboard: delivery was resumed', fields: { by: 'bob', changed: 1 } },
    ]);
  });

  it('is changed without a name when userOf throws or returns something else', async () => {
    for (const userOf of [
      () => {
        throw new Error('no session');
      },
      () => Promise.reject(new Error('no session')) as never,
    ]) {
      const { change, id, logger } = await withOneDead({ userOf });
      await change(`${id}/discard`).expect(200);
      expect(logger.at('info')).toMatchObject([{ fields: { by: undefined, discarded: 1 } }]);
    }
  });
});
