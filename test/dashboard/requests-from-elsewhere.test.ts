import request from 'supertest';
import { expressVersions } from '../helpers/express-versions.js';
import { reply } from '../helpers/scripted-crm.js';
import { useCrm } from '../helpers/use-crm.js';
import { fromThePage, signedIn, useDashboard } from './use-dashboard.js';

describe.each(expressVersions)('requests from elsewhere, on $version (case 56)', ({ express }) => {
  const dashboardOf = useDashboard();
  const startCrm = useCrm();

  async function withOneDead() {
    const crm = await startCrm(reply(422, 'no'));
    const stage = dashboardOf({ baseUrl: crm.url }, {}, express);
    const [id] = await stage.accept('booking:1');
    await stage.hear('dead');
    return { ...stage, id: id!, crm };
  }

  const custom = { 'x-crm-dashboard': '1' };
  it.each([
    ['a form of another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
    ['a script of another site that set the header', { ...custom, 'sec-fetch-site': 'cross-site' }],
    ['a sister site', { ...custom, 'sec-fetch-site': 'same-site' }],
    ['the address line', { ...custom, 'sec-fetch-site': 'none' }],
    ['another origin, in an old browser', { ...custom, origin: 'https://evil.example' }],
    ['another port, in an old browser', { ...custom, origin: 'http://test.local:8080', host: 'test.local' }],
    ['a sandboxed frame', { ...custom, origin: 'null' }],
    ['an origin without a host', { ...custom, origin: 'file://' }],
    ['an unknown origin', custom],
    ['this origin, but not by the page', { 'sec-fetch-site': 'same-origin' }],
  ])('do not change anything when they come from %s', async (_from, headers) => {
    const { app, id, stats } = await withOneDead();
    for (const path of [`${id}/redeliver`, `${id}/discard`, 'redeliver-all']) {
      const { body } = await request(app)
        .post(`/crm/api/dead-letters/${path}`)
        .set({ ...signedIn, ...headers })
        .expect(403);
      expect(body.error.code).toBe('not-from-the-page');
    }
    expect((await stats()).dead).toBe(1);
  });

  it('may change something if they come from the page, in an old browser too', async () => {
    const { app, id, stats } = await withOneDead();
    await request(app)
      .post(`/crm/api/dead-letters/${id}/discard`)
      .set({ ...signedIn, ...custom, origin: 'http://test.local:8080', host: 'test.local:8080' })
      .expect(200, { discarded: 1 });
    expect((await stats()).dead).toBe(0);
  });

  it('change nothing by any other method', async () => {
    const { app, id, stats } = await withOneDead();
    for (const path of [`${id}/redeliver`, `${id}/discard`, 'redeliver-all']) {
      for (const method of ['get', 'head', 'put', 'patch', 'delete', 'options'] as const) {
        await request(app)
          [method](`/crm/api/dead-letters/${path}`)
          .set(fromThePage)
          .expect(405)
          .expect('allow', 'POST');
      }
    }
    expect((await stats()).dead).toBe(1);
  });

  it('get the security headers with every response', async () => {
    const { app } = dashboardOf({}, {}, express);
    for (const path of [
      '/',
      '/dashboard.js',
      '/icon.svg',
      '/api/overview',
      '/api/dead-letters',
      '/api/dead-letters?limit=x',
      '/no',
    ]) {
      for (const headers of [signedIn, {}]) {
        const got = (await request(app).get(`/crm${path}`).set(headers)).headers as Record<string, string>;
        expect(got).toMatchObject({
          'content-security-policy': expect.stringMatching(
            /^default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'/,
          ),
          'x-content-type-options': 'nosniff',
          'x-frame-options': 'DENY',
          'referrer-policy': 'no-referrer',
        });
        expect(got['access-control-allow-origin']).toBeUndefined();
        const isAsset = headers === signedIn && /\.(js|svg)$/.test(path);
        expect(got['cache-control']).toBe(isAsset ? 'private, no-cache' : 'no-store');
      }
    }
  });

  it('get an asset again only if it has changed', async () => {
    const { app } = dashboardOf({}, {}, express);
    const { headers } = await request(app).get('/crm/dashboard.js').set(signedIn).expect(200);
    const again = { ...signedIn, 'if-none-match': headers['etag']! };
    const unchanged = await request(app).get('/crm/dashboard.js').set(again).expect(304);
    expect(unchanged.text).toBe('');
    await request(app).get('/crm/dashboard.js').set({ 'if-none-match': headers['etag']! }).expect(401);
  });
});
