import type { Notifier, PauseCause, Stats } from 'express-crm-notifier';
import type { Booking } from '../booking-store.js';
import { ADA, BEN } from '../demo-users.js';
import type { Session } from '../event-store.js';
import type { Stores } from '../stores.js';
import type { DeliveryWatch, PendingList } from './delivery-watch.js';

/** What the page shows about the booking app. */
export interface DemoState extends PendingList {
  readonly app: { readonly pid: number; readonly startedAt: number };
  /** Who can book. The page uses the member's own token, as any client of the app does. */
  readonly members: readonly { readonly name: string; readonly token: string; readonly bookings: readonly Booking[] }[];
  readonly sessions: readonly Session[];
  readonly stats: Stats;
  readonly pauseCause: PauseCause | null;
}

export interface DemoStateParts {
  readonly stores: Stores;
  readonly crm: Notifier;
  readonly delivery: DeliveryWatch;
}

export function createDemoState({ stores, crm, delivery }: DemoStateParts): () => Promise<DemoState> {
  const { users, bookings, events } = stores;
  const app = { pid: process.pid, startedAt: Math.round(Date.now() - process.uptime() * 1000) };

  return async () => {
    const stats = await crm.stats();
    const members = [ADA, BEN].map(async ({ name, token }) => {
      const user = await users.findByToken(token);
      return { name, token, bookings: user ? await bookings.list(user.id) : [] };
    });
    return {
      app,
      members: await Promise.all(members),
      sessions: await events.listSessions(),
      stats,
      pauseCause: delivery.pauseCause ?? null,
      ...(await delivery.listPending(stats.pending)),
    };
  };
}
