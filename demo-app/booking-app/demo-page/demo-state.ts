import type { Notifier, PauseCause, Stats } from 'express-crm-notifier';
import type { Database } from '../../runtime/database.js';
import { createBookingStore } from '../booking-store.js';
import type { Booking } from '../booking-store.js';
import { ADA, BEN } from '../demo-users.js';
import { createEventStore } from '../event-store.js';
import type { Session } from '../event-store.js';
import { createUserStore } from '../user-store.js';
import type { DeliveryWatch, WaitingNotification } from './watch-delivery.js';

/** What the page shows about the booking app. */
export interface DemoState {
  readonly app: { readonly pid: number; readonly startedAt: number };
  /** Who can book. The page uses the member's own token, as any client of the app does. */
  readonly members: readonly { readonly name: string; readonly token: string; readonly bookings: readonly Booking[] }[];
  readonly sessions: readonly Session[];
  readonly stats: Stats;
  readonly pauseCause: PauseCause | null;
  /** The oldest pending notifications of those accepted since the app started. */
  readonly waiting: readonly WaitingNotification[];
  /** How many more of those are pending. */
  readonly furtherCount: number;
  /** How many pending ones were accepted before the app started. */
  readonly earlierCount: number;
}

export interface DemoStateParts {
  readonly database: Database;
  readonly crm: Notifier;
  readonly delivery: DeliveryWatch;
}

const MAX_WAITING = 100;

export function createDemoState({ database, crm, delivery }: DemoStateParts): () => Promise<DemoState> {
  const users = createUserStore(database);
  const bookings = createBookingStore(database);
  const events = createEventStore(database);
  const app = { pid: process.pid, startedAt: Math.round(Date.now() - process.uptime() * 1000) };

  return async () => {
    const stats = await crm.stats();
    const waiting = delivery.waiting();
    return {
      app,
      members: [ADA, BEN].map(({ name, token }) => {
        const user = users.findByToken(token);
        return { name, token, bookings: user ? bookings.list(user.id) : [] };
      }),
      sessions: events.listSessions(),
      stats,
      pauseCause: delivery.pauseCause ?? null,
      waiting: waiting.slice(0, MAX_WAITING),
      furtherCount: Math.max(0, waiting.length - MAX_WAITING),
      earlierCount: Math.max(0, stats.pending - waiting.length),
    };
  };
}
