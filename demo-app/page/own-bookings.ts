import type { BookingOverview } from '../booking-app/app-state.js';
import type { DemoSnapshot } from '../supervisor/read-snapshot.js';
import { withBooking } from './view.js';

/** What was changed on this page and a snapshot may not have yet, because it was read before. */
export interface OwnBookings {
  /** Takes a booking that has just been changed by the member with this token. */
  add(token: string, booking: BookingOverview): void;
  /** The snapshot with what it does not have yet. What it has is forgotten. */
  addTo(snapshot: DemoSnapshot): DemoSnapshot;
  /** Forgets all: the app's bookings may be others now. */
  clear(): void;
}

export function createOwnBookings(): OwnBookings {
  const changed = new Map<number, { readonly token: string; readonly booking: BookingOverview }>();

  return {
    add(token, booking) {
      changed.set(booking.id, { token, booking });
    },

    addTo(snapshot) {
      for (const { id, updated_at } of snapshot.members.flatMap(({ bookings }) => bookings)) {
        if (updated_at >= (changed.get(id)?.booking.updated_at ?? '')) changed.delete(id);
      }
      return [...changed.values()].reduce((known, { token, booking }) => withBooking(known, token, booking), snapshot);
    },

    clear() {
      changed.clear();
    },
  };
}
