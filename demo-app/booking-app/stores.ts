import type { Awaitable } from '../runtime/awaitable.js';
import type { Database } from '../runtime/database.js';
import { createBookingStore } from './booking-store.js';
import type { BookingStore } from './booking-store.js';
import { createEventStore } from './event-store.js';
import type { EventStore } from './event-store.js';
import { createUserStore } from './user-store.js';
import type { UserStore } from './user-store.js';

/** Everything that the booking app stores: in an SQLite file, or in PostgreSQL. */
export interface Stores {
  readonly users: UserStore;
  readonly events: EventStore;
  readonly bookings: BookingStore;
  close(): Awaitable<void>;
}

export function createStores(database: Database): Stores {
  return {
    users: createUserStore(database),
    events: createEventStore(database),
    bookings: createBookingStore(database),
    close: () => {
      database.close();
    },
  };
}
