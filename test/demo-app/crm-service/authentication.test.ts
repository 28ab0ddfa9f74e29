import { createServer } from 'node:http';
import { pino } from 'pino';
import request from 'supertest';
import { createCrmControl } from '../../../demo-app/crm-service/create-crm-control.js';
import { createModeSwitch } from '../../../demo-app/crm-service/mode-switch.js';
import { GENERAL, TOKEN, runCrmService } from './running-crm-service.js';
import type { RunningCrmService } from './running-crm-service.js';

let crm: RunningCrmService;

beforeEach(() => {
  crm = runCrmService();
});

afterEach(() => {
  crm.close();
});

test.each(['evil.example', 'localhost.evil.example', ''])(
  'A17: a request to the host %p is refused, even with the token',
  async (host) => {
    const modeSwitch = createModeSwitch(createServer());
    const control = createCrmControl({ ...crm, modeSwitch, authToken: TOKEN, logger: pino({ enabled: false }) });
    for (const [app, path] of [
      [crm.app, '/notifications'],
      [control, '/inbox'],
    ] as const) {
      await request(app).get(path).auth(TOKEN, { type: 'bearer' }).set('Host', host).expect(403);
      await request(app).get(path).auth(TOKEN, { type: 'bearer' }).set('Host', 'localhost:8080').expect(200);
    }
  },
);

test('health needs no token', async () => {
  await request(crm.app).get('/health').expect(200, { status: 'ok' });
});

test.each([
  ['no token', {}],
  ['another token', { Authorization: 'Bearer another' }],
  ['the token with something added', { Authorization: `Bearer ${TOKEN}x` }],
  ['an empty token', { Authorization: 'Bearer ' }],
  ['another scheme', { Authorization: `Basic ${TOKEN}` }],
])('%s is refused', async (_case, headers) => {
  for (const call of [request(crm.app).post('/notify').send(GENERAL), request(crm.app).get('/notifications')]) {
    const response = await call.set(headers).expect(401).expect('WWW-Authenticate', 'Bearer');
    expect(response.body).toMatchObject({ error: expect.stringContaining('Bearer <token>') });
  }
  expect(crm.store.list({ limit: 10 })).toEqual([]);
});
