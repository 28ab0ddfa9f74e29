import request from 'supertest';
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
    const { app, change, id, stats, logger } = await withOneDead({ authorizeChange });
    await request(app).get('/crm/api/dead-letters').set(signedIn).expect(200);
    for (const path of [`${id}/redeliver`, `${id}/discard`, 'redeliver-all', 'discard-all']) {
      const { body } = await change(path).expect(403);
      expect(body).toMatchObject({ error: { code: 'may-not-change' } });
    }
    expect((await stats()).dead).toBe(1);
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
