import { inEachDatabase } from '../running-demo.js';
import type { RunningDemo } from '../running-demo.js';
import { ADA, DETAILS, FAY } from './actions.js';

inEachDatabase((runDemo) => {
  let demo: RunningDemo;

  beforeEach(async () => {
    demo = await runDemo();
  });

  afterEach(async () => {
    await demo.close();
  });

  test('a booking arrives as a full record, with what the mapper adds', async () => {
    await demo.call('post', '/bookings', ADA).send({ session_id: 1 }).expect(201);
    const notifications = await demo.arrived();
    expect(notifications).toEqual([
      {
        sequence: 1,
        received_at: expect.any(String),
        retry_count: 0,
        notification_id: expect.stringMatching(/^[\da-f-]{36}$/),
        notification_type: 'booking_created',
        user_id: 1,
        message: 'Booking 1 created',
        timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
        additional_data: { booking_id: 1, session_id: 1, action: 'created', session_name: 'Yoga Class' },
        booking_id: 1,
        user: { id: 1, name: 'Ada', email: 'ada@example.com' },
        event: { id: 1, title: 'Wellness Week', start_date: expect.any(String) },
        facilitator_id: 3,
      },
    ]);
  });

  test('the changes of one booking arrive in order, as full records by the default mapping', async () => {
    await demo.call('post', '/bookings', ADA).send({ session_id: 1 }).expect(201);
    for (let round = 0; round < 3; round++) {
      await demo.call('delete', '/bookings/1', ADA).expect(200);
      await demo.call('post', '/bookings/1/reactivate', ADA).expect(200);
    }

    const notifications = await demo.arrived();
    expect(notifications.map(({ notification_type }) => notification_type)).toEqual([
      'booking_created',
      ...Array<string[]>(3).fill(['booking_cancelled', 'booking_reactivated']).flat(),
    ]);
    for (const notification of notifications) {
      expect(notification).toMatchObject({ booking_id: 1, user: { name: 'Ada' }, event: { id: 1 }, facilitator_id: 3 });
    }
  });

  test('the changes of an event arrive in order', async () => {
    await demo.call('post', '/events', FAY).send(DETAILS).expect(201);
    await demo.call('put', '/events/3', FAY).send(DETAILS).expect(200);
    await demo.call('delete', '/events/3', FAY).expect(200);

    const notifications = await demo.arrived();
    expect(notifications.map(({ notification_type }) => notification_type)).toEqual([
      'event_created',
      'event_updated',
      'event_deleted',
    ]);
    expect(notifications[0]).toMatchObject({
      user_id: 3,
      message: 'Event 3 created',
      additional_data: { event_id: 3, action: 'created' },
    });
  });

  test('a request that fails sends no notification', async () => {
    await demo.call('post', '/bookings', ADA).send({ session_id: 999 }).expect(404);
    await demo.call('post', '/bookings', ADA).send({}).expect(400);
    await demo.call('post', '/bookings').send({ session_id: 1 }).expect(401);
    await demo.call('delete', '/bookings/1', ADA).expect(404);
    await demo.call('post', '/events', ADA).send(DETAILS).expect(403);
    expect(await demo.arrived()).toEqual([]);
  });
});
