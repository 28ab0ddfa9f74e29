import request from 'supertest';
import { GENERAL, TOKEN, runCrmService } from './running-crm-service.js';
import type { RunningCrmService } from './running-crm-service.js';

let crm: RunningCrmService;

beforeEach(() => {
  crm = runCrmService();
});

afterEach(() => {
  crm.close();
});

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
    expect(response.body).toEqual({ error: expect.stringContaining('Bearer <token>') });
  }
  expect(crm.store.list({ limit: 10 })).toEqual([]);
});
