import type { AppState, BookingOverview, Delivery } from '../booking-app/app-state.js';
import type { Arrival } from '../crm-service/arrival.js';
import type { CrmInbox } from '../crm-service/create-crm-control.js';
import type { CrmMode } from '../crm-service/mode-switch.js';
import type { LeaderWatch } from './leader-watch.js';
import type { OutboxReading, ReadOutbox } from './outbox-reading.js';
import type { SupervisedApp } from './supervised-app.js';

/** Everything that the page shows. What nobody responds about stays what it was. */
export interface DemoSnapshot extends Pick<AppState, 'members' | 'sessions' | 'events'> {
  readonly apps: readonly AppOverview[];
  readonly facilitator: AppState['facilitator'] | null;
  /** Of the process that delivers, with the counts of all; null while none does. */
  readonly delivery: Delivery | null;
  readonly outbox: OutboxReading;
  /** Null while the CRM's process does not respond. */
  readonly crm: CrmOverview | null;
  /** What the CRM has taken, newest first; the newest ones only. */
  readonly arrivals: readonly Arrival[];
}

export interface AppOverview {
  readonly number: number;
  readonly url: string;
  /** Null while it does not run. */
  readonly process: { readonly pid: number; readonly startedAt: number } | null;
  /** Since when it delivers, in milliseconds since 1970; null while it does not. */
  readonly leadsSince: number | null;
}

export interface CrmOverview {
  readonly mode: CrmMode;
  /** How many it has taken. */
  readonly count: number;
  /** The ids of the members' bookings of which it has the last change. */
  readonly knownBookings: readonly number[];
}

export interface SnapshotSources {
  readonly apps: readonly SupervisedApp[];
  readonly watch: Pick<LeaderWatch, 'leader'>;
  readonly readOutbox: ReadOutbox;
  readonly crmControlUrl: string;
  readonly crmAuthToken: string;
}

const RESPONSE_TIMEOUT_MS = 2000;
/** Before anybody has responded. */
export const NOTHING_KNOWN: DemoSnapshot = {
  apps: [],
  members: [],
  sessions: [],
  events: [],
  facilitator: null,
  delivery: null,
  outbox: { pending: 0, dead: 0, oldestAt: null, entries: [] },
  crm: null,
  arrivals: [],
};

/**
 * Returns a function that puts together what the apps, the outbox and the CRM know. It reads in the order in which a notification
 * moves, so that none is missed.
 */
export function createSnapshotReader({
  apps,
  watch,
  readOutbox,
  crmControlUrl,
  crmAuthToken,
}: SnapshotSources): () => Promise<DemoSnapshot> {
  let last = NOTHING_KNOWN;

  return async () => {
    const states = await Promise.all(apps.map(readStateOf));
    const { leader } = watch;
    const known = states.filter((state) => state !== undefined);
    // Only the leader knows of delivery; of the bookings all know the same.
    const leading = known.find(({ app }) => app.pid === leader?.pid);
    const { members, sessions, events, facilitator } = leading ?? known[0] ?? last;
    const sumOf = (count: 'delivered' | 'retried' | 'unsent'): number =>
      known.reduce((sum, { delivery }) => sum + delivery[count], 0);

    const outbox = await Promise.resolve()
      .then(readOutbox)
      .catch(() => last.outbox);
    const bookings = members.flatMap((member) => member.bookings);
    const inbox = await readInbox(bookings);
    last = {
      apps: apps.map(({ number, url, kept }, index) => ({
        number,
        url,
        process: states[index]?.app ?? null,
        leadsSince: kept.pid !== undefined && kept.pid === leader?.pid ? leader.sinceAt : null,
      })),
      members,
      sessions,
      events,
      facilitator,
      delivery: leading
        ? { ...leading.delivery, delivered: sumOf('delivered'), retried: sumOf('retried'), unsent: sumOf('unsent') }
        : null,
      outbox,
      crm: inbox ? { mode: inbox.mode, count: inbox.count, knownBookings: knownOf(bookings, inbox) } : null,
      arrivals: inbox?.arrivals ?? last.arrivals,
    };
    return last;
  };

  async function readInbox(bookings: readonly BookingOverview[]): Promise<CrmInbox | undefined> {
    const ids = bookings.map(({ id }) => id).join(',');
    const headers = { Authorization: `Bearer ${crmAuthToken}` };
    return (await readJson(`${crmControlUrl}/inbox?bookings=${ids}`, headers)) as CrmInbox | undefined;
  }
}

async function readStateOf({ url, kept }: SupervisedApp): Promise<AppState | undefined> {
  if (kept.pid === undefined) return undefined;
  const state = (await readJson(`${url}/demo/state`)) as AppState | undefined;
  // It may have been killed meanwhile.
  return state?.app.pid === kept.pid ? state : undefined;
}

/** Resolves to undefined without a good response. */
async function readJson(url: string, headers: Readonly<Record<string, string>> = {}): Promise<unknown> {
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(RESPONSE_TIMEOUT_MS) });
    return response.ok ? await response.json() : undefined;
  } catch {
    return undefined;
  }
}

/** A hook runs after the change, so the timestamp of its notification is not older. */
function knownOf(bookings: readonly BookingOverview[], { lastChanges }: CrmInbox): number[] {
  const changedAt = new Map(lastChanges.map((change) => [change.bookingId, change.changedAt]));
  return bookings.filter(({ id, updated_at }) => (changedAt.get(id) ?? '') >= updated_at).map(({ id }) => id);
}
