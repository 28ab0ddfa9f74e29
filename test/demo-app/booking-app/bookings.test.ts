import type { Booking } from '../../../demo-app/booking-app/booking-store.js';
import { inEachDatabase } from '../running-demo.js';
import type { RunningDemo } from '../running-demo.js';
import { ADA, BEN, addSession, book, sessions } from './actions.js';

// Hashing eight passwords and sending 24 requests at once is slow while other tests run.
jest.setTimeout(30_000);

inEachDatabase((runDemo) => {
  let demo: RunningDemo;

  beforeEach(async () => {
    demo = await runDemo();
  });

  afterEach(async () => {
    await demo.close();
  });

  test('one is booked, listed, cancelled and reactivated', async () => {
    const [session] = await sessions(demo);
    const booking = await book(demo, ADA, session?.id ?? 0);
    expect(booking).toEqual({
      id: expect.any(Number),
      status: 'active',
      user_id: 1,
      session_id: session?.id,
      session_name: 'Yoga Class',
      user: { id: 1, name: 'Ada', email: 'ada@example.com' },
      event: { id: 1, title: 'Wellness Week', start_date: expect.stringMatching(/^\d{4}-\d\d-\d\d$/) },
      facilitator_id: 3,
      created_at: expect.any(String),
      updated_at: expect.any(String),
    });
    await demo.call('get', '/bookings', ADA).expect(200, { bookings: [booking] });
    await demo.call('get', '/bookings', BEN).expect(200, { bookings: [] });

    const cancelled = await demo.call('delete', `/bookings/${booking.id}`, ADA).expect(200);
    expect(cancelled.body).toMatchObject({ booking: { id: booking.id, status: 'cancelled', user: { name: 'Ada' } } });

    const reactivated = await demo.call('post', `/bookings/${booking.id}/reactivate`, ADA).expect(200);
    expect(reactivated.body).toMatchObject({ booking: { id: booking.id, status: 'active' } });
  });

  test('the newest is listed first', async () => {
    const first = await book(demo, ADA, 1);
    const second = await book(demo, ADA, 2);
    await demo.call('get', '/bookings', ADA).expect(200, { bookings: [second, first] });
  });

  test.each([
    ['an unknown session', { session_id: 999 }, 404],
    ['a session that is a text', { session_id: '1' }, 400],
    ['no session', {}, 400],
    ['session 0', { session_id: 0 }, 400],
  ])('%s is refused', async (_case, body, status) => {
    await demo.call('post', '/bookings', ADA).send(body).expect(status);
    await demo.call('get', '/bookings', ADA).expect(200, { bookings: [] });
  });

  test('a session is booked once per user, until the booking is cancelled', async () => {
    const { id } = await book(demo, ADA, 1);
    await demo.call('post', '/bookings', ADA).send({ session_id: 1 }).expect(409, {
      error: 'You have booked this session already',
    });
    await demo.call('delete', `/bookings/${id}`, ADA).expect(200);
    await book(demo, ADA, 1);
    await demo.call('post', `/bookings/${id}/reactivate`, ADA).expect(409);
  });

  test('a full session accepts no booking until another one is cancelled', async () => {
    const sessionId = await addSession(demo, 1);
    const ofAda = await book(demo, ADA, sessionId);
    await demo.call('post', '/bookings', BEN).send({ session_id: sessionId }).expect(409, {
      error: 'The session is full',
    });

    await demo.call('delete', `/bookings/${ofAda.id}`, ADA).expect(200);
    await book(demo, BEN, sessionId);
    await demo.call('post', `/bookings/${ofAda.id}/reactivate`, ADA).expect(409, { error: 'The session is full' });
  });

  test('cancelling twice and reactivating an active booking are refused', async () => {
    const { id } = await book(demo, ADA, 1);
    await demo.call('post', `/bookings/${id}/reactivate`, ADA).expect(409);
    await demo.call('delete', `/bookings/${id}`, ADA).expect(200);
    await demo.call('delete', `/bookings/${id}`, ADA).expect(409, { error: 'The booking is cancelled already' });
  });

  test.each(['999', '0', '-1', '1.5', 'abc', '1;DROP', '__proto__', '9'.repeat(30)])(
    'booking %s is nobody’s',
    async (id) => {
      await demo.call('delete', `/bookings/${id}`, ADA).expect(404, { error: 'You have no such booking' });
      await demo.call('post', `/bookings/${id}/reactivate`, ADA).expect(404);
    },
  );

  test('bookings of other users are not found', async () => {
    const { id } = await book(demo, ADA, 1);
    await demo.call('delete', `/bookings/${id}`, BEN).expect(404);
    await demo.call('post', `/bookings/${id}/reactivate`, BEN).expect(404);
  });

  test('concurrent requests for the last places get exactly those places', async () => {
    const sessionId = await addSession(demo, 3);
    const users = demo.stores.users;
    const tokens = await Promise.all(
      Array.from({ length: 8 }, async (_, index) => {
        const name = `user-${index}`;
        const user = await users.add({ name, email: `${name}@example.com`, role: 'member', password: name });
        await users.addToken(user.id, name);
        return name;
      }),
    );

    const replies = await Promise.all(
      // Each user tries three times.
      [...tokens, ...tokens, ...tokens].map((token) =>
        demo.call('post', '/bookings', token).send({ session_id: sessionId }),
      ),
    );
    const booked = replies.filter(({ status }) => status === 201);
    expect(booked).toHaveLength(3);
    expect(replies.filter(({ status }) => status === 409)).toHaveLength(21);
    expect(new Set(booked.map(({ body }) => (body as { booking: Booking }).booking.user_id)).size).toBe(3);
    expect((await sessions(demo)).find(({ id }) => id === sessionId)).toMatchObject({ free_places: 0 });
  });
});
