import type { Awaitable } from '../runtime/awaitable.js';
import { inTransaction } from '../runtime/database.js';
import type { Database } from '../runtime/database.js';

export interface EventDetails {
  readonly title: string;
  /** A date, such as 2026-12-05. */
  readonly start_date: string;
}

export interface Event extends EventDetails {
  readonly id: number;
  readonly facilitator_id: number;
}

export interface SessionDetails {
  readonly name: string;
  readonly starts_at: string;
  readonly capacity: number;
}

export interface Session extends SessionDetails {
  readonly id: number;
  readonly event_id: number;
  readonly event_title: string;
  readonly free_places: number;
}

export interface EventStore {
  list(): Awaitable<Event[]>;
  listSessions(): Awaitable<Session[]>;
  find(id: number): Awaitable<Event | undefined>;
  add(facilitatorId: number, details: EventDetails, sessions: readonly SessionDetails[]): Awaitable<Event>;
  update(id: number, details: EventDetails): Awaitable<Event>;
  /** Deletes an event with its sessions. Resolves to false, and deletes nothing, if it has active bookings. */
  delete(id: number): Awaitable<boolean>;
}

export function createEventStore(database: Database): EventStore {
  const selectEvents = database.prepare('SELECT id, title, start_date, facilitator_id FROM events ORDER BY id');
  const selectEvent = database.prepare('SELECT id, title, start_date, facilitator_id FROM events WHERE id = ?');
  const selectSessions = database.prepare(`
    SELECT sessions.id, event_id, title AS event_title, name, starts_at, capacity,
      capacity - (SELECT count(*) FROM bookings WHERE session_id = sessions.id AND status = 'active') AS free_places
    FROM sessions JOIN events ON events.id = event_id ORDER BY starts_at, sessions.id
  `);
  const insertEvent = database.prepare(`
    INSERT INTO events (title, start_date, facilitator_id) VALUES (:title, :startDate, :facilitatorId)
    RETURNING id, title, start_date, facilitator_id
  `);
  const insertSession = database.prepare(`
    INSERT INTO sessions (event_id, name, starts_at, capacity) VALUES (:eventId, :name, :startsAt, :capacity)
  `);
  const updateEvent = database.prepare(`
    UPDATE events SET title = :title, start_date = :startDate WHERE id = :id
    RETURNING id, title, start_date, facilitator_id
  `);
  const deleteEvent = database.prepare(`
    DELETE FROM events WHERE id = :id AND NOT EXISTS (
      SELECT 1 FROM bookings JOIN sessions ON sessions.id = session_id WHERE event_id = :id AND status = 'active'
    )
  `);

  return {
    list: () => selectEvents.all() as Event[],
    listSessions: () => selectSessions.all() as Session[],
    find: (id) => selectEvent.get(id) as Event | undefined,

    add(facilitatorId, { title, start_date: startDate }, sessions) {
      return inTransaction(database, () => {
        const event = insertEvent.get({ title, startDate, facilitatorId }) as Event;
        for (const { name, starts_at: startsAt, capacity } of sessions) {
          insertSession.run({ eventId: event.id, name, startsAt, capacity });
        }
        return event;
      });
    },

    update: (id, { title, start_date: startDate }) => updateEvent.get({ id, title, startDate }) as Event,
    delete: (id) => deleteEvent.run({ id }).changes === 1,
  };
}
