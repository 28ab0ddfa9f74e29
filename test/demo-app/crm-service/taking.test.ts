import { BOOKING, GENERAL, RECORD, runCrmService } from './running-crm-service.js';
import type { RunningCrmService } from './running-crm-service.js';

let crm: RunningCrmService;

beforeEach(() => {
  crm = runCrmService();
});

afterEach(() => {
  crm.close();
});

test('a notification is listed as it was sent', async () => {
  const sent = { ...GENERAL, additional_data: { nested: { deep: [1, null, 'é'] } } };
  await crm.notify(sent).expect(200, { status: 'success', notification_id: 'n-1', duplicate: false });
  expect(await crm.list()).toEqual([
    { ...sent, sequence: 1, received_at: expect.stringMatching(/^\d{4}-.*Z$/), retry_count: 0 },
  ]);
});

test('and so is a booking record', async () => {
  const sent = { ...GENERAL, ...BOOKING, ...RECORD };
  await crm.notify(sent).expect(200);
  expect(await crm.list()).toEqual([expect.objectContaining(sent)]);
});

test('a repeated id is reported as a duplicate, and the first notification is kept', async () => {
  await crm.notify(GENERAL).expect(200);
  await crm
    .notify({ ...GENERAL, message: 'Another text' })
    .set('X-Retry-Count', '1')
    .expect(200, { status: 'success', notification_id: 'n-1', duplicate: true });
  expect(await crm.list()).toEqual([expect.objectContaining({ message: GENERAL.message, retry_count: 0 })]);
});

test('several at once with one id: one is kept', async () => {
  const replies = await Promise.all([1, 2, 3, 4].map(() => crm.notify(GENERAL)));
  const taken = replies.filter(({ body }) => (body as { duplicate?: boolean }).duplicate === false);
  expect(taken).toHaveLength(1);
  expect(await crm.list()).toHaveLength(1);
});

test('a batch is stored in its order', async () => {
  const notifications = ['a', 'b', 'c'].map((notification_id) => ({ ...GENERAL, notification_id }));
  await crm.notify({ notifications }, {}, '/notify/batch').expect(200);
  expect((await crm.list()).map(({ notification_id }) => notification_id)).toEqual(['c', 'b', 'a']);
});

test('the retry count of the header is listed', async () => {
  await crm.notify(GENERAL, { 'X-Retry-Count': '7' }).expect(200);
  await crm.notify({ ...GENERAL, notification_id: 'n-2' }, { 'X-Retry-Count': 'many' }).expect(200);
  expect((await crm.list()).map(({ retry_count }) => retry_count)).toEqual([0, 7]);
});

test('string ids stay as they are', async () => {
  await crm.notify({ ...GENERAL, user_id: 'usr_1', notification_id: 'x'.repeat(128) }).expect(200);
  expect(await crm.list({ user_id: 'usr_1' })).toEqual([expect.objectContaining({ user_id: 'usr_1' })]);
});
