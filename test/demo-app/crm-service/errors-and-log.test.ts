import request from 'supertest';
import { BOOKING, GENERAL, RECORD, TOKEN, runCrmService } from './running-crm-service.js';
import type { RunningCrmService } from './running-crm-service.js';

let crm: RunningCrmService;

beforeEach(() => {
  crm = runCrmService();
});

afterEach(() => {
  crm.close();
});

test('an unknown route is 404', async () => {
  await request(crm.app).get('/nowhere').expect(404, { error: 'There is no GET /nowhere' });
});

test('an unexpected failure is 500 without details; the log has them', async () => {
  jest.spyOn(crm.store, 'add').mockImplementation(() => {
    throw new Error('disk I/O error');
  });
  const { body } = await crm.notify(GENERAL).expect(500);
  expect(body).toEqual({ error: 'it could not be handled; try again', code: 'handler-failed' });
  expect(crm.log.join('')).toContain('disk I/O error');
});

test('the log has no token, and nothing from a body or a query', async () => {
  await crm.notify({ ...GENERAL, ...BOOKING, ...RECORD });
  await crm.notify({ ...GENERAL, ...BOOKING, ...RECORD, user: { id: 0, name: 'Ada', email: 'ada@example.com' } });
  await crm.list({ user_id: 'ada@example.com' });
  const log = crm.log.join('');
  expect(log).toContain('"path":"/notify"');
  for (const secret of [TOKEN, 'Ada', 'ada@example.com', 'Wellness']) expect(log).not.toContain(secret);
});
