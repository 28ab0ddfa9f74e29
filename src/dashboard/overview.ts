import type { Clock } from '../core/clock.js';
import { CRMOutboxError } from '../core/errors.js';
import { within } from '../core/time-limit.js';
import type { Notifier, Stats } from '../notifier/notifier.js';
import type { Overview } from './api-contract.js';
import { healthOf } from './health.js';
import type { Recorder } from './recorder.js';

export interface OverviewOptions {
  readonly clock: Clock;
  readonly oldBacklogMs: number;
}

const maxAgeMs = 500;
const timeoutMs = 5_000;

/**
 * Returns a function that reads the overview as JSON bytes. All callers within 500 ms share the same bytes, and only one
 * `crm.stats()` is pending at a time, however many clients poll. Rejects after 5 seconds without a result; the next call then waits
 * for the same `crm.stats()`.
 */
export function createOverviewReader(
  crm: Pick<Notifier, 'stats'>,
  recorder: Recorder,
  { clock, oldBacklogMs }: OverviewOptions,
): () => Promise<Buffer> {
  let pendingStats: Promise<Stats> | undefined;
  let shared: Promise<Buffer> | undefined;
  let sharedAtMs = 0;

  const readStats = (): Promise<Stats> => {
    pendingStats ??= crm.stats().finally(() => {
      pendingStats = undefined;
    });
    return pendingStats;
  };
  const encode = (stats: Stats): Buffer =>
    Buffer.from(JSON.stringify(overviewOf(stats, recorder, { clock, oldBacklogMs })));

  return () => {
    const nowMs = clock.monotonicMs();
    if (shared !== undefined && nowMs - sharedAtMs < maxAgeMs) return shared;
    sharedAtMs = nowMs;
    shared = within(readStats(), timeoutMs, clock, () => new CRMOutboxError('the outbox does not respond')).then(
      encode,
    );
    return shared;
  };
}

function overviewOf(stats: Stats, recorder: Recorder, { clock, oldBacklogMs }: OverviewOptions): Overview {
  const { minutes, latency, attempts, pause, outboxCode, deadCount } = recorder.read();
  return {
    at: clock.now(),
    health: healthOf(stats, { pause, outboxCode, oldBacklogMs }),
    stats,
    pause: stats.circuit === 'closed' ? null : (pause ?? null),
    minutes,
    latency,
    attempts,
    deadRevision: `${String(stats.dead)}:${String(deadCount)}`,
  };
}
