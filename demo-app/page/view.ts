import type { BookingOverview } from '../booking-app/app-state.js';
import type { DemoSnapshot } from '../supervisor/read-snapshot.js';
import type { SnapshotChanges } from '../supervisor/snapshot-changes.js';

/** A process of an app that delivers. */
export interface AppProcess {
  /** The number of its app. */
  readonly number: number;
  readonly pid: number;
  /** Since when it delivers, in milliseconds since 1970. */
  readonly sinceAt: number;
}

/** What the page shows: the last snapshot, and whether it is current. */
export interface View {
  readonly snapshot: DemoSnapshot;
  readonly isConnected: boolean;
  /** The process that delivers now. */
  readonly leader: AppProcess | undefined;
}

/** How many of the newest arrivals the page keeps. */
const MAX_ARRIVALS = 30;

export function withChanges(snapshot: DemoSnapshot | undefined, changes: SnapshotChanges): DemoSnapshot {
  const { areArrivalsNew, ...values } = changes;
  // The first changes are a whole snapshot.
  const next = { ...snapshot, ...values } as DemoSnapshot;
  if (areArrivalsNew !== true || !snapshot) return next;
  return { ...next, arrivals: [...next.arrivals, ...snapshot.arrivals].slice(0, MAX_ARRIVALS) };
}

/** The snapshot with a booking that has just changed, of which the CRM need not know yet. */
export function withBooking(snapshot: DemoSnapshot, token: string, booking: BookingOverview): DemoSnapshot {
  const { crm } = snapshot;
  return {
    ...snapshot,
    members: snapshot.members.map((member) =>
      member.token === token
        ? { ...member, bookings: [booking, ...member.bookings.filter(({ id }) => id !== booking.id)] }
        : member,
    ),
    crm: crm && { ...crm, knownBookings: crm.knownBookings.filter((id) => id !== booking.id) },
  };
}

export function leaderOf({ apps }: DemoSnapshot): AppProcess | undefined {
  for (const { number, process, leadsSince } of apps) {
    if (process && leadsSince !== null) return { number, pid: process.pid, sinceAt: leadsSince };
  }
  return undefined;
}
