import type { Event } from '../../../demo-app/booking-app/event-store.js';
import { inEachDatabase } from '../running-demo.js';
import type { RunningDemo } from '../running-demo.js';
import { ADA, DETAILS, FAY, SESSION, book, sessions } from './actions.js';

inEachDatabase((runDemo) => {
  let demo: RunningDemo;

  beforeEach(async () => {
    demo = await runDemo();
  });

  afterEach(async () => {
    await demo.close();
  });

  test('one is created with its sessions, updated and deleted', async () => {
    const created = await demo
      .call('post', '/events', FAY)
      .send({ ...DETAILS, sessions: [SESSION] })
      .expect(201);
    const { event } = created.body as { event: Event };
    expect(event).toEqual({ ...DETAILS, id: 3, facilitator_id: 3 });
    expect(await sessions(demo)).toContainEqual(
      expect.objectContaining({ ...SESSION, event_id: 3, event_title: 'Spring Retreat', free_places: 1 }),
    );

    const changed = { ...event, title: 'Summer Retreat', start_date: '2027-06-01' };
    await demo.call('put', '/events/3', FAY).send(changed).expect(200, { event: changed });
    await demo.call('delete', '/events/3', FAY).expect(200, { event: changed });
    const { body } = await demo.call('get', '/events').expect(200);
    expect((body as { events: Event[] }).events.map(({ title }) => title)).toEqual([
      'Wellness Week',
      'Summer Festival',
    ]);
  });

  test('an event with active bookings is not deleted', async () => {
    const { id } = await book(demo, ADA, 1);
    await demo.call('delete', '/events/1', FAY).expect(409, { error: 'The event still has active bookings' });
    await demo.call('delete', `/bookings/${id}`, ADA).expect(200);
    await demo.call('delete', '/events/1', FAY).expect(200);
    await demo.call('get', '/bookings', ADA).expect(200, { bookings: [] });
  });

  test('an event of another facilitator cannot be changed', async () => {
    const users = demo.stores.users;
    const other = { name: 'Guy', email: 'guy@example.com', role: 'facilitator', password: 'guy' } as const;
    await users.addToken((await users.add(other)).id, 'guy');
    await demo.call('put', '/events/1', 'guy').send(DETAILS).expect(403);
    await demo.call('delete', '/events/1', 'guy').expect(403);
  });

  test.each([
    ['no title', { start_date: '2027-03-20' }],
    ['a blank title', { ...DETAILS, title: '  ' }],
    ['a day that is none', { ...DETAILS, start_date: '2027-02-30' }],
    ['a session without room', { ...DETAILS, sessions: [{ ...SESSION, capacity: 0 }] }],
  ])('%s is refused', async (_case, body) => {
    await demo.call('post', '/events', FAY).send(body).expect(400);
  });

  test('a change without a date is refused, and an unknown event is not found', async () => {
    await demo.call('put', '/events/1', FAY).send({ title: 'New' }).expect(400);
    await demo.call('put', '/events/999', FAY).send(DETAILS).expect(404);
    await demo.call('delete', '/events/999', FAY).expect(404, { error: 'There is no such event' });
  });
});
