import request from 'supertest';
import { openNotificationStore } from '../../../demo-app/crm-service/notification-store.js';
import type { StoredNotification } from '../../../demo-app/crm-service/notification-store.js';
import { BOOKING, GENERAL, RECORD, TOKEN, runCrmService } from './running-crm-service.js';
import type { RunningCrmService } from './running-crm-service.js';

let crm: RunningCrmService;

beforeEach(async () => {
  crm = runCrmService();
  await crm.notify({ ...GENERAL, notification_id: 'a' });
  await crm.notify({ ...GENERAL, ...BOOKING, ...RECORD, notification_id: 'b' });
  await crm.notify({
    ...GENERAL,
    notification_type: 'event_updated',
    user_id: 9,
    message: 'Event 101 updated',
    additional_data: { event_id: 101, action: 'updated' },
    notification_id: 'c',
  });
  await crm.notify({
    ...GENERAL,
    notification_type: 'booking_cancelled',
    user_id: '123',
    message: 'Booking 456 cancelled',
    additional_data: { booking_id: '456', session_id: null, action: 'cancelled' },
    notification_id: 'd',
  });
});

afterEach(() => {
  crm.close();
});

function idsOf(notifications: StoredNotification[]): string[] {
  return notifications.map(({ notification_id }) => notification_id);
}

test('newest first', async () => {
  expect(idsOf(await crm.list())).toEqual(['d', 'c', 'b', 'a']);
});

test.each([
  [{ type: 'booking_created' }, ['b']],
  [{ user_id: 123 }, ['d', 'b', 'a']],
  [{ booking_id: 456 }, ['d', 'b']],
  [{ event_id: 101 }, ['c', 'b']],
  [{ booking_id: 456, event_id: 101 }, ['b']],
  [{ type: "x' OR '1'='1" }, []],
  [{ limit: 2 }, ['d', 'c']],
  [{ limit: 2, before: 3 }, ['b', 'a']],
  [{ since: '2000-01-01T00:00:00+02:00' }, ['d', 'c', 'b', 'a']],
  [{ since: '2999-01-01T00:00:00Z' }, []],
])('%j', async (query, ids) => {
  expect(idsOf(await crm.list(query))).toEqual(ids);
});

test('since includes the exact instant of an arrival', async () => {
  const [newest] = await crm.list({ limit: 1 });
  expect(idsOf(await crm.list({ since: newest?.received_at ?? '' }))).toContain('d');
});

test.each(['limit=0', 'limit=1001', 'limit=ten', 'before=-1', 'since=today', 'type=', 'type=a&type=b', 'cursor=1'])(
  '%s is refused',
  async (query) => {
    const response = await request(crm.app).get(`/notifications?${query}`).auth(TOKEN, { type: 'bearer' }).expect(400);
    expect(response.body).toMatchObject({ error: 'The request is not valid', issues: [{}] });
  },
);

test('notifications are still in the file after a restart', async () => {
  const reopened = openNotificationStore(crm.file);
  expect(reopened.list({ limit: 100 })).toEqual(await crm.list());
  reopened.close();
});
