import type { CircuitState, Notifier, PauseCause } from 'express-crm-notifier';
import type { Booking } from './booking-store.js';
import { ADA, BEN, FAY } from './demo-users.js';
import type { Event, Session } from './event-store.js';
import type { Stores } from './stores.js';
import { watchPauses } from './watch-pauses.js';

/** What the supervisor's page shows about one booking app. */
export interface AppState {
  readonly app: { readonly pid: number; readonly startedAt: number };
  /** Who can book. The page uses the member's own token, as any client of the app does. */
  readonly members: readonly Member[];
  readonly sessions: readonly Session[];
  /** Their facilitator can edit them. */
  readonly events: readonly Event[];
  readonly facilitator: { readonly name: string; readonly token: string };
  readonly delivery: Delivery;
}

export interface Member {
  readonly name: string;
  readonly token: string;
  /** Newest first. */
  readonly bookings: readonly BookingOverview[];
}

export type BookingOverview = Pick<Booking, 'id' | 'session_id' | 'status' | 'updated_at'>;

/** What this process has delivered since its start, and whether it delivers now. */
export interface Delivery {
  readonly circuit: CircuitState;
  readonly delivered: number;
  /** Attempts that failed and are followed by another. */
  readonly retried: number;
  /** Probes of a CRM that cannot be reached; they are no attempts. */
  readonly unsent: number;
  readonly pauseCause: PauseCause | null;
}

/** Returns a function that reads the state. */
export function createAppState(stores: Stores, crm: Notifier): () => Promise<AppState> {
  const { users, bookings, events } = stores;
  const app = { pid: process.pid, startedAt: Math.round(Date.now() - process.uptime() * 1000) };
  const facilitator = { name: FAY.name, token: FAY.token };
  const pauseCause = watchPauses(crm);

  return async () => {
    const members = [ADA, BEN].map(async ({ name, token }) => {
      const user = await users.findByToken(token);
      return { name, token, bookings: (user ? await bookings.list(user.id) : []).map(overviewOf) };
    });
    const { circuit, delivered, retried, unsent } = await crm.stats();
    return {
      app,
      members: await Promise.all(members),
      sessions: await events.listSessions(),
      events: await events.list(),
      facilitator,
      delivery: { circuit, delivered, retried, unsent, pauseCause: pauseCause() ?? null },
    };
  };
}

function overviewOf({ id, session_id, status, updated_at }: BookingOverview): BookingOverview {
  return { id, session_id, status, updated_at };
}
