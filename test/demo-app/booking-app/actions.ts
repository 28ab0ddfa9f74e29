import type { Booking } from '../../../demo-app/booking-app/booking-store.js';
import type { Event, Session } from '../../../demo-app/booking-app/event-store.js';
import type { RunningDemo } from '../running-demo.js';

/** The tokens of the two members and of the facilitator. */
export const ADA = 'demo-ada';
export const BEN = 'demo-ben';
export const FAY = 'demo-fay';
export const DETAILS = { title: 'Spring Retreat', start_date: '2027-03-20' };
export const SESSION = { name: 'Morning Walk', starts_at: '2027-03-20T06:00:00Z', capacity: 1 };

export async function sessions(demo: RunningDemo): Promise<Session[]> {
  const response = await demo.call('get', '/sessions').expect(200);
  return (response.body as { sessions: Session[] }).sessions;
}

/** The id of a new session with this many places. */
export async function addSession(demo: RunningDemo, capacity: number): Promise<number> {
  const response = await demo
    .call('post', '/events', FAY)
    .send({ ...DETAILS, sessions: [{ ...SESSION, capacity }] })
    .expect(201);
  const { event } = response.body as { event: Event };
  const session = (await sessions(demo)).find(({ event_id }) => event_id === event.id);
  if (!session) throw new Error('The new event has no session');
  return session.id;
}

export async function book(demo: RunningDemo, token: string, sessionId: number): Promise<Booking> {
  const response = await demo.call('post', '/bookings', token).send({ session_id: sessionId }).expect(201);
  return (response.body as { booking: Booking }).booking;
}
