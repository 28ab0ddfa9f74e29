import type { Clock } from '../core/clock.js';
import { countText, durationText } from '../core/duration-text.js';
import { CRMOutboxError } from '../core/errors.js';
import { within } from '../core/time-limit.js';
import type { Notifier, Stats } from '../notifier/notifier.js';
import type { Health, Overview, Pause, TargetEntry } from './api-contract.js';
import type { Recorder } from './recorder.js';

export interface OverviewOptions {
  readonly clock: Clock;
  readonly oldBacklogMs: number;
}

const maxAgeMs = 500;
const timeoutMs = 5_000;
/** The rest of the overview does not wait longer for who shares the outbox. */
const processesTimeoutMs = 1_000;

/**
 * Returns a function that reads the overview as JSON bytes. All callers within 500 ms share the same bytes, and only one
 * `crm.stats()` is pending at a time, however many clients poll. Rejects after 5 seconds without a result; the next call then waits
 * for the same `crm.stats()`. The same holds for `crm.processes()`, but without its result the overview has none.
 */
export function createOverviewReader(
  crm: Pick<Notifier, 'stats' | 'processes'>,
  recorder: Recorder,
  { clock, oldBacklogMs }: OverviewOptions,
): () => Promise<Buffer> {
  let pendingStats: Promise<Stats> | undefined;
  let pendingProcesses: ReturnType<Notifier['processes']> | undefined;
  let shared: Promise<Buffer> | undefined;
  let sharedAtMs = 0;

  const readStats = (): Promise<Stats> => {
    pendingStats ??= crm.stats().finally(() => {
      pendingStats = undefined;
    });
    return pendingStats;
  };
  const readProcesses = async (): Promise<Overview['processes']> => {
    pendingProcesses ??= crm.processes().finally(() => {
      pendingProcesses = undefined;
    });
    try {
      return entriesOf(await within(pendingProcesses, processesTimeoutMs, clock, unresponsive));
    } catch {
      return null;
    }
  };
  const read = async (): Promise<Buffer> => {
    const [stats, processes] = await Promise.all([
      within(readStats(), timeoutMs, clock, unresponsive),
      readProcesses(),
    ]);
    return Buffer.from(JSON.stringify({ ...overviewOf(stats, recorder, { clock, oldBacklogMs }), processes }));
  };

  return () => {
    const nowMs = clock.monotonicMs();
    if (shared !== undefined && nowMs - sharedAtMs < maxAgeMs) return shared;
    sharedAtMs = nowMs;
    shared = read();
    return shared;
  };
}

function unresponsive(): CRMOutboxError {
  return new CRMOutboxError('the outbox does not respond');
}

function entriesOf(processes: Awaited<ReturnType<Notifier['processes']>>): Overview['processes'] {
  return processes?.map(({ name, pid, startedAt, isLeader }) => ({ name, pid, startedAt, isLeader })) ?? null;
}

function overviewOf(
  stats: Stats,
  recorder: Recorder,
  { clock, oldBacklogMs }: OverviewOptions,
): Omit<Overview, 'processes'> {
  const { minutes, latency, attempts, pauses, outboxCode, deadCount } = recorder.read();
  return {
    at: clock.now(),
    health: healthOf(stats, { pauses, outboxCode, oldBacklogMs }),
    stats,
    targets: Object.entries(stats.targets).map(([name, ofTarget]) => targetEntry(name, ofTarget, pauses.get(name))),
    minutes,
    latency,
    attempts,
    deadRevision: `${String(stats.dead)}:${String(deadCount)}`,
  };
}

function targetEntry(name: string, stats: Stats['targets'][string], pause: Pause | undefined): TargetEntry {
  const { delivered, retried, pending, dead, oldestAgeMs, circuit } = stats;
  const isPaused = circuit !== 'closed' && pause !== undefined;
  return { name, delivered, retried, pending, dead, oldestAgeMs, circuit, pause: isPaused ? pause : null };
}

export interface HealthContext {
  readonly pauses: ReadonlyMap<string, Pause>;
  readonly outboxCode: string | undefined;
  readonly oldBacklogMs: number;
}

/** Whether all is well, and if not, the most urgent reason in one sentence. */
export function healthOf(stats: Stats, context: HealthContext): Health {
  if (!stats.isOutboxReadable) return unreadable(context.outboxCode);
  if (stats.unsaved > 0) return unsaved(stats.unsaved);
  const pausedTarget = Object.entries(stats.targets).find(([, { circuit }]) => circuit !== 'closed');
  if (pausedTarget !== undefined) return paused(stats, pausedTarget, context.pauses);
  if (stats.dead > 0) return withDeadLetters(stats.dead);
  if (stats.oldestAgeMs >= context.oldBacklogMs) return withOldBacklog(stats);
  return fine(stats);
}

function unreadable(code: string | undefined): Health {
  return {
    level: 'failing',
    code: 'outbox-unreadable',
    title: 'outbox not readable',
    sentence: `The outbox cannot be read${code === undefined ? '' : ` (${code})`}, so its contents are unknown.`,
  };
}

function unsaved(count: number): Health {
  const are = count === 1 ? 'is' : 'are';
  return {
    level: 'failing',
    code: 'unsaved',
    title: `${count.toLocaleString('en')} unsaved`,
    sentence: `${countText(count, 'notification')} ${are} in memory only, because the outbox does not respond.`,
  };
}

function paused(
  stats: Stats,
  [name, { pending }]: readonly [string, Stats['targets'][string]],
  pauses: HealthContext['pauses'],
): Health {
  const pause = pauses.get(name);
  const isOneOfSeveral = Object.keys(stats.targets).length > 1;
  const who = isOneOfSeveral ? `The target ${name}` : 'The CRM';
  const to = isOneOfSeveral ? ' to it' : '';
  const setting = (variable: string, option: string): string =>
    isOneOfSeveral ? `targets.${name}.${option}` : variable;
  const rest = `Delivery${to} is paused with ${countText(pending, 'notification')} pending; nothing is lost.`;
  if (pause?.cause.kind === 'unauthorised') {
    return {
      level: 'failing',
      code: 'token-refused',
      title: 'token refused',
      sentence: `${who} refuses the token (${String(pause.cause.status)}): set the right ${setting('CRM_AUTH_TOKEN', 'authToken')}. ${rest}`,
    };
  }
  if (pause?.cause.kind === 'misdirected') {
    return {
      level: 'failing',
      code: 'misdirected',
      title: 'CRM URL wrong',
      sentence: `${who} responds ${String(pause.cause.status)} to every notification: check ${setting('CRM_BASE_URL', 'baseUrl')}. ${rest}`,
    };
  }
  // The next probe brings the code.
  const code = pause === undefined ? '' : ` (${pause.cause.code})`;
  return {
    level: 'failing',
    code: 'crm-unreachable',
    title: 'CRM unreachable',
    sentence: `${who} cannot be reached${code}. ${rest}`,
  };
}

function withDeadLetters(count: number): Health {
  return {
    level: 'attention',
    code: 'dead-letters',
    title: `${count.toLocaleString('en')} dead`,
    sentence: `There ${count === 1 ? 'is' : 'are'} ${countText(count, 'dead letter')}: see why below, then redeliver or discard.`,
  };
}

function withOldBacklog({ pending, oldestAgeMs }: Stats): Health {
  return {
    level: 'attention',
    code: 'old-backlog',
    title: 'old backlog',
    sentence: `The oldest of ${countText(pending, 'pending notification')} has been waiting for ${durationText(oldestAgeMs)}.`,
  };
}

function fine({ pending, isDelivering }: Stats): Health {
  const what =
    pending === 0 ? 'everything accepted has been delivered' : `${countText(pending, 'notification')} on the way`;
  // Only the process that delivers knows whether the CRM is well.
  const sentence = isDelivering ? `All is well: ${what}.` : `All is well here; another process delivers: ${what}.`;
  return { level: 'fine', code: 'fine', title: 'fine', sentence };
}
