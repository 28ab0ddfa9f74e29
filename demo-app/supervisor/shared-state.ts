import type { DemoState } from '../booking-app/demo-page/demo-state.js';
import { HttpError } from '../web/errors.js';
import type { LeaderWatch } from './leader-watch.js';
import type { SharedApp } from './shared-app.js';

/** What the page shows about booking apps that share an outbox. */
export interface SharedState extends Omit<DemoState, 'app'> {
  readonly apps: readonly AppOverview[];
}

export interface AppOverview {
  readonly number: number;
  readonly url: string;
  /** Undefined while it does not run. */
  readonly process: { readonly pid: number; readonly startedAt: number } | undefined;
  /** Since when it leads, in milliseconds since 1970; undefined while it does not. */
  readonly leadsSince: number | undefined;
}

const RESPONSE_TIMEOUT_MS = 2000;

/** Puts together what the apps know. Rejects with an `HttpError` while none of them responds. */
export async function readSharedState(apps: readonly SharedApp[], watch: LeaderWatch): Promise<SharedState> {
  const states = await Promise.all(apps.map(readStateOf));
  const leader = watch.leader;
  const known = states.filter((state) => state !== undefined);
  // Only the leader knows of delivery; of the bookings all know the same.
  const state = known.find(({ app }) => app.pid === leader?.pid) ?? known[0];
  if (!state) throw new HttpError(502, 'No booking app responds');
  const sumOf = (count: 'delivered' | 'retried'): number => known.reduce((sum, { stats }) => sum + stats[count], 0);

  const { app: _app, ...shared } = state;
  return {
    ...shared,
    pauseCause: leader ? state.pauseCause : null,
    stats: { ...state.stats, delivered: sumOf('delivered'), retried: sumOf('retried') },
    apps: apps.map(({ number, url, kept }, index) => ({
      number,
      url,
      process: states[index]?.app,
      leadsSince: kept.pid !== undefined && kept.pid === leader?.pid ? leader.sinceAt : undefined,
    })),
  };
}

async function readStateOf({ url, kept }: SharedApp): Promise<DemoState | undefined> {
  if (kept.pid === undefined) return undefined;
  try {
    const response = await fetch(`${url}/demo/state`, { signal: AbortSignal.timeout(RESPONSE_TIMEOUT_MS) });
    return response.ok ? ((await response.json()) as DemoState) : undefined;
  } catch {
    return undefined;
  }
}
