import type { Stores } from '../stores.js';
import { createPostgresBookingStore } from './postgres-booking-store.js';
import type { PostgresDatabase } from './postgres-database.js';
import { createPostgresEventStore } from './postgres-event-store.js';
import { createPostgresUserStore } from './postgres-user-store.js';

export function createPostgresStores(database: PostgresDatabase): Stores {
  return {
    users: createPostgresUserStore(database),
    events: createPostgresEventStore(database),
    bookings: createPostgresBookingStore(database),
    close: () => database.close(),
  };
}
