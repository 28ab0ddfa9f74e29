import { once } from 'node:events';
import { connect, createServer as createHttp2Server } from 'node:http2';
import { createServer, type RequestListener } from 'node:http';
import { connect as connectSocket, type AddressInfo, type Server } from 'node:net';
import request from 'supertest';
import { isOwnHost } from '../../src/core/own-host.js';
import { expressVersions } from '../helpers/express-versions.js';
import { reply } from '../helpers/scripted-crm.js';
import { useCrm } from '../helpers/use-crm.js';
import { signedIn, useDashboard } from './use-dashboard.js';

const own = [
  'localhost',
  'localhost:3000',
  'LOCALHOST:3000',
  'crm.localhost:3000',
  'a.b.localhost',
  '127.0.0.1',
  '127.0.0.1:3000',
  '192.168.1.20:3000',
  '[::1]',
  '[::1]:3000',
  '[2001:db8::7]:443',
];
const foreign = [
  'evil.example',
  'evil.example:3000',
  'localhost.evil.example',
  'evil-localhost',
  '127.0.0.1.evil.example',
  '127.0.0.1@evil.example',
  'evil.example#localhost',
  'localhost, evil.example',
  '[::1].evil.example',
  '[evil.example]',
  '[1.2.3.4]',
  '1.2.3',
  ':3000',
  '.localhost',
  '',
];

describe.each(expressVersions)('A17: the dashboard without authorize, on $version', ({ express }) => {
  const dashboardOf = useDashboard();
  const startCrm = useCrm();
  const environment = process.env['NODE_ENV'];
  beforeEach(() => {
    process.env['NODE_ENV'] = 'development';
  });
  afterEach(() => {
    process.env['NODE_ENV'] = environment;
  });

  it.each(own)('is served at %s', async (host) => {
    const { app } = dashboardOf({}, { authorize: undefined }, express);
    await request(app).get('/crm/').set({ host }).expect(200);
    await request(app).get('/crm/api/overview').set({ host }).expect(200);
  });

  it.each(foreign)('is not served at %p, and names the fix', async (host) => {
    const { app } = dashboardOf({}, { authorize: undefined }, express);
    for (const path of [
      '/crm',
      '/crm/',
      '/crm/dashboard.js',
      '/crm/api/overview',
      '/crm/api/dead-letters',
      '/crm/no',
    ]) {
      const { body } = await request(app).get(path).set({ host }).expect(403);
      expect(body.error).toEqual({ code: 'unknown-host', message: expect.stringContaining('set authorize') });
    }
  });

  it('changes nothing for a page under a name that was pointed at this machine', async () => {
    const crm = await startCrm(reply(422, 'no'));
    const stage = dashboardOf({ baseUrl: crm.url }, { authorize: undefined }, express);
    const [id] = await stage.accept('booking:1');
    await stage.hear('dead');
    const rebound = { host: 'evil.example:3000', 'x-crm-dashboard': '1', 'sec-fetch-site': 'same-origin' };
    for (const path of [`${id!}/redeliver`, `${id!}/discard`, 'redeliver-all']) {
      await request(stage.app).post(`/crm/api/dead-letters/${path}`).set(rebound).expect(403);
    }
    expect((await stage.stats()).dead).toBe(1);
    await request(stage.app)
      .post(`/crm/api/dead-letters/${id!}/discard`)
      .set({ ...rebound, host: 'localhost:3000' })
      .expect(200, { discarded: 1 });
  });

  it('ignores headers that a proxy might add', async () => {
    const { app } = dashboardOf({}, { authorize: undefined }, express);
    app.set('trust proxy', true);
    await request(app).get('/crm/').set({ host: 'evil.example', 'x-forwarded-host': 'localhost' }).expect(403);
    await request(app).get('/crm/').set({ host: 'localhost', 'x-forwarded-host': 'evil.example' }).expect(200);
  });

  it('is not served to a request without a Host', async () => {
    const { app } = dashboardOf({}, { authorize: undefined }, express);
    const server = createServer(app as RequestListener);
    try {
      const socket = connectSocket(await portOf(server), '127.0.0.1');
      socket.end('GET /crm/ HTTP/1.0\r\n\r\n');
      const chunks: Buffer[] = [];
      for await (const chunk of socket) chunks.push(chunk as Buffer);
      expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1\.1 403 .*set authorize/s);
    } finally {
      server.close();
    }
  });

  it('accepts any host if authorize is set', async () => {
    const { app } = dashboardOf({}, {}, express);
    await request(app)
      .get('/crm/')
      .set({ host: 'ops.example', ...signedIn })
      .expect(200);
    await request(app).get('/crm/').set({ host: 'ops.example' }).expect(401);
  });
});

describe('A17: by HTTP/2', () => {
  it.each([
    ['localhost:3000', {}, 'true'],
    ['evil.example', {}, 'false'],
    ['evil.example', { host: 'localhost' }, 'false'],
    ['localhost', { host: 'evil.example' }, 'false'],
  ])('the authority %s with %j is an own host: %s', async (authority, headers, isOwn) => {
    const server = createHttp2Server((req, res) => res.end(String(isOwnHost(req as never))));
    const session = connect(`http://127.0.0.1:${String(await portOf(server))}`);
    try {
      const stream = session.request({ ':path': '/', ':authority': authority, ...headers });
      const chunks: Buffer[] = [];
      for await (const chunk of stream) chunks.push(chunk as Buffer);
      expect(Buffer.concat(chunks).toString()).toBe(isOwn);
    } finally {
      session.close();
      server.close();
    }
  });
});

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
