import request from 'supertest';
import { GENERAL, RECORD, TOKEN, runCrmService } from './running-crm-service.js';
import type { RunningCrmService } from './running-crm-service.js';

let crm: RunningCrmService;

beforeEach(() => {
  crm = runCrmService();
});

afterEach(() => {
  crm.close();
});

test.each([
  ['no fields', {}, ['notification_type', 'user_id', 'message']],
  ['no type', { ...GENERAL, notification_type: '' }, ['notification_type']],
  ['a number as message', { ...GENERAL, message: 5 }, ['message']],
  ['user 0', { ...GENERAL, user_id: 0 }, ['user_id']],
  ['a negative user', { ...GENERAL, user_id: -1 }, ['user_id']],
  ['half a user', { ...GENERAL, user_id: 1.5 }, ['user_id']],
  ['an unsafe integer', { ...GENERAL, user_id: 2 ** 53 }, ['user_id']],
  ['true as user', { ...GENERAL, user_id: true }, ['user_id']],
  ['an empty user', { ...GENERAL, user_id: '' }, ['user_id']],
  ['a user of 129 characters', { ...GENERAL, user_id: 'u'.repeat(129) }, ['user_id']],
  ['a timestamp of yesterday', { ...GENERAL, timestamp: 'yesterday' }, ['timestamp']],
  ['a list as additional data', { ...GENERAL, additional_data: [] }, ['additional_data']],
  ['null as additional data', { ...GENERAL, additional_data: null }, ['additional_data']],
  ['an empty id', { ...GENERAL, notification_id: '' }, ['notification_id']],
  ['a record without its rest', { booking_id: 1 }, ['user', 'event', 'facilitator_id']],
  ['a record without its booking', { ...RECORD, booking_id: undefined }, ['booking_id']],
  ['a record whose user has no mail', { ...RECORD, user: { id: 1, name: 'Ada' } }, ['user.email']],
  [
    'a record with an odd event',
    { ...RECORD, event: { id: 0, title: '', start_date: 1 } },
    ['event.id', 'event.title', 'event.start_date'],
  ],
  ['a record with half of the general fields', { ...RECORD, notification_type: 'x' }, ['user_id', 'message']],
  ['a list', [], ['']],
])('%s', async (_case, body, paths) => {
  const response = await crm.notify(body).expect(400);
  const { error, issues } = response.body as { error: string; issues: { path: string; message: string }[] };
  expect(error).toBe('The request is not valid');
  expect(issues.map(({ path }) => path)).toEqual(paths);
  for (const { message } of issues) expect(message).not.toBe('');
  expect(await crm.list()).toEqual([]);
});

test('a missing field is reported as required', async () => {
  const response = await crm.notify({ ...GENERAL, message: undefined }).expect(400);
  expect(response.body).toMatchObject({ issues: [{ path: 'message', message: 'is required' }] });
});

test('a body that is not JSON', async () => {
  const response = await request(crm.app)
    .post('/notify')
    .auth(TOKEN, { type: 'bearer' })
    .type('text')
    .send(JSON.stringify(GENERAL))
    .expect(400);
  expect(response.body).toEqual({ error: expect.stringContaining('Content-Type: application/json') });
});

test('malformed JSON, without repeating it in the response', async () => {
  const response = await request(crm.app)
    .post('/notify')
    .auth(TOKEN, { type: 'bearer' })
    .type('json')
    .send('{"secret": hidden')
    .expect(400);
  expect(response.body).toEqual({ error: expect.stringContaining('not valid JSON') });
  expect(response.text).not.toContain('hidden');
});

test('more than 64 KB; exactly 64 KB pass', async () => {
  const room = 65_536 - JSON.stringify({ ...GENERAL, message: '' }).length;
  await crm.notify({ ...GENERAL, message: 'x'.repeat(room) }).expect(201);
  await crm.notify({ ...GENERAL, message: 'x'.repeat(room + 1) }).expect(413, { error: 'The body is too large' });
});
