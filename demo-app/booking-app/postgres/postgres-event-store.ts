import type { Event, EventStore, Session } from '../event-store.js';
import { rowOf, rowsOf, writtenRowOf } from './postgres-database.js';
import type { PostgresDatabase } from './postgres-database.js';

const COLUMNS = 'id, title, start_date, facilitator_id';

export function createPostgresEventStore(database: PostgresDatabase): EventStore {
  return {
    list: () => rowsOf<Event>(database, `SELECT ${COLUMNS} FROM events ORDER BY id`),

    listSessions: () =>
      rowsOf<Session>(
        database,
        `SELECT sessions.id, event_id, title AS event_title, name, starts_at, capacity,
           capacity - (SELECT count(*) FROM bookings WHERE session_id = sessions.id AND status = 'active') AS free_places
         FROM sessions JOIN events ON events.id = event_id ORDER BY starts_at, sessions.id`,
      ),

    find: (id) => rowOf<Event>(database, `SELECT ${COLUMNS} FROM events WHERE id = $1`, [id]),

    add(facilitatorId, { title, start_date }, sessions) {
      return database.inTransaction(async (transaction) => {
        const event = await writtenRowOf<Event>(
          transaction,
          `INSERT INTO events (title, start_date, facilitator_id) VALUES ($1, $2, $3) RETURNING ${COLUMNS}`,
          [title, start_date, facilitatorId],
        );
        for (const { name, starts_at, capacity } of sessions) {
          await transaction.query(
            'INSERT INTO sessions (event_id, name, starts_at, capacity) VALUES ($1, $2, $3, $4)',
            [event.id, name, starts_at, capacity],
          );
        }
        return event;
      });
    },

    update: (id, { title, start_date }) =>
      writtenRowOf<Event>(
        database,
        `UPDATE events SET title = $2, start_date = $3 WHERE id = $1 RETURNING ${COLUMNS}`,
        [id, title, start_date],
      ),

    delete(id) {
      return database.inTransaction(async (transaction) => {
        // Whoever is booking one of its sessions has locked it, too.
        await transaction.query('SELECT FROM sessions WHERE event_id = $1 FOR UPDATE', [id]);
        const deleted = await rowOf(
          transaction,
          `DELETE FROM events WHERE id = $1 AND NOT EXISTS (
             SELECT FROM bookings JOIN sessions ON sessions.id = session_id WHERE event_id = $1 AND status = 'active'
           ) RETURNING id`,
          [id],
        );
        return deleted !== undefined;
      });
    },
  };
}
