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

// What a notification must have is in test/receiver/validation.test.ts.
test.each([
  ['no message', { ...GENERAL, message: undefined }, ['message']],
  ['no id', { ...GENERAL, notification_id: undefined }, ['notification_id']],
  [
    'a booking without its session',
    { ...GENERAL, ...BOOKING, additional_data: { booking_id: 1, action: 'created' } },
    ['additional_data.session_id'],
  ],
  [
    'an event without its id',
    { ...GENERAL, notification_type: 'event_created' },
    ['additional_data.event_id', 'additional_data.action'],
  ],
  [
    'a record whose user has no mail',
    { ...GENERAL, ...BOOKING, ...RECORD, user: { id: 1, name: 'Ada' } },
    ['user.email'],
  ],
])('%s is not stored', async (_case, body, paths) => {
  const response = await crm.notify(body).expect(400);
  const { issues } = response.body as { issues: { path: string }[] };
  expect(issues.map(({ path }) => path)).toEqual(paths);
  expect(await crm.list()).toEqual([]);
});

test('malformed JSON, without repeating it in the response', async () => {
  const response = await request(crm.app)
    .post('/notify')
    .auth(TOKEN, { type: 'bearer' })
    .type('json')
    .send('{"secret": hidden')
    .expect(400);
  expect(response.body).toEqual({ error: expect.stringContaining('not JSON'), code: 'not-json' });
});
