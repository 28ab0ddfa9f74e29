import { GENERAL, RECORD, runCrmService } from './running-crm-service.js';
import type { RunningCrmService } from './running-crm-service.js';

let crm: RunningCrmService;

beforeEach(() => {
  crm = runCrmService();
});

afterEach(() => {
  crm.close();
});

test('the general form', async () => {
  const sent = {
    ...GENERAL,
    notification_id: '0199-a',
    timestamp: '2026-11-24T01:02:03.004Z',
    additional_data: { booking_id: 456, nested: { deep: [1, null, 'é'] } },
  };
  await crm.notify(sent).expect(201, { status: 'success', notification_id: '0199-a', duplicate: false });
  expect(await crm.list()).toEqual([
    { ...sent, sequence: 1, received_at: expect.stringMatching(/^\d{4}-.*Z$/), retry_count: 0 },
  ]);
});

test('without an id it gets one', async () => {
  const response = await crm.notify(GENERAL).expect(201);
  const { notification_id } = response.body as { notification_id: string };
  expect(await crm.list()).toEqual([expect.objectContaining({ notification_id })]);
});

test('a booking record with the general fields', async () => {
  await crm.notify({ ...GENERAL, ...RECORD, notification_id: 'both' }).expect(201);
  expect(await crm.list()).toEqual([expect.objectContaining({ ...GENERAL, ...RECORD })]);
});

test('a bare booking record; its user becomes the user', async () => {
  await crm.notify(RECORD).expect(201);
  expect(await crm.list()).toEqual([
    expect.objectContaining({ ...RECORD, notification_type: null, message: null, user_id: 123, additional_data: {} }),
  ]);
});

test('a repeated id is reported as a duplicate, and the first notification is kept', async () => {
  await crm.notify({ ...GENERAL, notification_id: 'n-1' }).expect(201);
  await crm
    .notify({ ...GENERAL, notification_id: 'n-1', message: 'Another text' })
    .set('X-Retry-Count', '1')
    .expect(200, { status: 'success', notification_id: 'n-1', duplicate: true });
  expect(await crm.list()).toEqual([expect.objectContaining({ message: GENERAL.message, retry_count: 0 })]);
});

test('two at once with one id: one is kept', async () => {
  const replies = await Promise.all([1, 2, 3, 4].map(() => crm.notify({ ...GENERAL, notification_id: 'n-1' })));
  expect(replies.filter(({ status }) => status === 201)).toHaveLength(1);
  expect(replies.filter(({ status }) => status === 200)).toHaveLength(3);
  expect(await crm.list()).toHaveLength(1);
});

test('the retry count of the header is listed', async () => {
  await crm.notify(GENERAL, { 'X-Retry-Count': '7' }).expect(201);
  await crm.notify(GENERAL, { 'X-Retry-Count': 'many' }).expect(201);
  expect((await crm.list()).map(({ retry_count }) => retry_count)).toEqual([0, 7]);
});

test('string ids stay as they are', async () => {
  await crm.notify({ ...GENERAL, user_id: 'usr_1', notification_id: 'x'.repeat(128) }).expect(201);
  expect(await crm.list({ user_id: 'usr_1' })).toEqual([expect.objectContaining({ user_id: 'usr_1' })]);
});
