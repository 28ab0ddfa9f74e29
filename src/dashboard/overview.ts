import { hostname } from 'node:os';
import type { Clock } from '../core/clock.js';
import { CRMOutboxError } from '../core/errors.js';
import { within } from '../core/time-limit.js';
import type { Changes, HandPause, MinuteCounts, OutboxProcess, Pause, TypeCounts } from '../history/history.js';
import type { Notifier, Stats } from '../notifier/notifier.js';
import type { DeliveredBy, ProcessEntry, Range, SharedOverview, TargetEntry } from './api-contract.js';
import { seriesOf, startOfSeries, sumsOfTarget } from './count-series.js';
import { healthOf } from './health.js';
import type { Recorder } from './recorder.js';

export interface OverviewOptions {
  readonly clock: Clock;
  readonly oldBacklogMs: number;
}

const maxAgeMs = 500;
const maxTypeEntries = 50;
const timeoutMs = 5_000;
/** The rest of the overview does not wait longer for what other processes report. */
const reportsTimeoutMs = 1_000;

/**
 * Returns a function that reads the overview, with the counts of a range. All callers within 500 ms share the same one, and only
 * one call of `crm.stats()` is pending at a time, however many clients poll and whatever their ranges. Rejects after 5 seconds without
 * a result; the next call then waits for the same `crm.stats()`. The same holds for `crm.processes()`, `crm.minutes()`,
 * `crm.countsByType()` and `crm.changes()`, but without their results the overview has none.
 */
export function createOverviewReader(
  crm: Pick<Notifier, 'stats' | 'processes' | 'minutes' | 'countsByType' | 'changes'>,
  recorder: Recorder,
  { clock, oldBacklogMs }: OverviewOptions,
): (range: Range) => Promise<SharedOverview> {
  const readStats = share(() => crm.stats(), clock);
  const readProcesses = share(() => crm.processes(), clock);
  const readMinutes = shareByRange((from) => crm.minutes(from), clock);
  const readTypes = shareByRange((from) => crm.countsByType(from), clock);
  const readChanges = shareByRange((from) => crm.changes(from), clock);
  const shared = new Map<Range, { readonly overview: Promise<SharedOverview>; readonly atMs: number }>();

  /** Null if it takes too long, or fails, or is not known. */
  const reported = async <Result>(reading: Promise<Result | undefined>): Promise<Result | null> => {
    try {
      return (await within(reading, reportsTimeoutMs, clock, unresponsive)) ?? null;
    } catch {
      return null;
    }
  };

  const read = async (range: Range): Promise<SharedOverview> => {
    const at = clock.now();
    const [stats, processes, minutes, types, changes] = await Promise.all([
      within(readStats(), timeoutMs, clock, unresponsive),
      reported(readProcesses()),
      reported(readMinutes[range]()),
      reported(readTypes[range]()),
      reported(readChanges[range]()),
    ]);
    return overviewOf({ at, stats, processes, minutes, types, changes, range }, recorder, oldBacklogMs);
  };

  return (range) => {
    const nowMs = clock.monotonicMs();
    const found = shared.get(range);
    if (found !== undefined && nowMs - found.atMs < maxAgeMs) return found.overview;
    const overview = read(range);
    shared.set(range, { overview, atMs: nowMs });
    return overview;
  };
}

/** Returns a function that shares each result for 500 ms, and calls `read` again only once the call before has ended. */
function share<Result>(read: () => Promise<Result>, clock: Clock): () => Promise<Result> {
  let shared: Promise<Result> | undefined;
  let sharedAtMs = 0;
  let isPending = false;
  return () => {
    const nowMs = clock.monotonicMs();
    if (shared !== undefined && (isPending || nowMs - sharedAtMs < maxAgeMs)) return shared;
    sharedAtMs = nowMs;
    isPending = true;
    shared = read().finally(() => {
      isPending = false;
    });
    return shared;
  };
}

/** The same for each range of the charts, which `read` gets the start of. */
function shareByRange<Result>(
  read: (from: number) => Promise<Result>,
  clock: Clock,
): Readonly<Record<Range, () => Promise<Result>>> {
  const of = (range: Range) => share(() => read(startOfSeries(range, clock.now())), clock);
  return { hour: of('hour'), day: of('day'), week: of('week') };
}

function unresponsive(): CRMOutboxError {
  return new CRMOutboxError('the outbox does not respond');
}

interface Readings {
  readonly at: number;
  readonly stats: Stats;
  readonly processes: readonly OutboxProcess[] | null;
  readonly minutes: readonly MinuteCounts[] | null;
  readonly types: readonly TypeCounts[] | null;
  readonly changes: Changes | null;
  readonly range: Range;
}

function overviewOf(
  { at, stats, processes, minutes, types, changes, range }: Readings,
  recorder: Recorder,
  oldBacklogMs: number,
): SharedOverview {
  const { session, latency, attempts, outboxCode, deadCount, rejections } = recorder.read();
  const leader = processes?.find(({ isLeader }) => isLeader);
  const deliveredBy = deliveredByOf(stats, processes, leader);
  const targets = Object.entries(stats.targets).map(([name, ofTarget]): TargetEntry => {
    const { pending, dead, oldestAgeMs } = ofTarget;
    const reported = leader?.targets[name];
    const circuit = stats.isDelivering ? ofTarget.circuit : (reported?.circuit ?? null);
    const pause = holdOf(stats, reported?.pause) ?? pauseOf(circuit, ofTarget.pausedByHand, reported?.pause);
    const inRange = minutes === null ? null : sumsOfTarget(minutes, name, range, at);
    return { name, inRange, pending, dead, oldestAgeMs, circuit, pause };
  });
  return {
    at,
    health: healthOf({ stats, targets, deliveredBy, outboxCode, rejections, oldBacklogMs }),
    stats,
    deliveredBy,
    targets,
    counts: minutes === null ? null : seriesOf(minutes, range, at),
    byType: types === null ? null : { counts: types.slice(0, maxTypeEntries), count: types.length },
    changes,
    latency,
    session,
    attempts: [...attempts],
    processes: processes?.map(processEntryOf) ?? null,
    deadRevision: `${String(stats.dead)}:${String(deadCount)}`,
  };
}

/** That the process which delivers cannot read what is paused by hand; null if it can. */
function holdOf({ isDelivering, pausesUnknown }: Stats, reported: Pause | null | undefined): Pause | null {
  if (!isDelivering) return reported?.cause.kind === 'pausesUnknown' ? reported : null;
  if (pausesUnknown === null) return null;
  return { cause: { kind: 'pausesUnknown', reason: pausesUnknown.reason }, since: pausesUnknown.since };
}

function processEntryOf({ name, pid, startedAt, isLeader }: OutboxProcess): ProcessEntry {
  const isThis = pid === process.pid && name === hostname();
  return { isThis, name, pid, startedAt, isLeader };
}

/** A pause by hand is known here as well as where it takes effect; why the circuit is open is not. */
function pauseOf(
  circuit: TargetEntry['circuit'],
  byHand: HandPause | null,
  reported: Pause | null | undefined,
): Pause | null {
  if (byHand !== null) return { cause: { kind: 'byHand', by: byHand.by }, since: byHand.since };
  const isOver = reported?.cause.kind === 'byHand' || reported?.cause.kind === 'pausesUnknown';
  return circuit === null || circuit === 'closed' || isOver ? null : (reported ?? null);
}

function deliveredByOf(
  { isDelivering }: Stats,
  processes: readonly OutboxProcess[] | null,
  leader: OutboxProcess | undefined,
): DeliveredBy {
  if (isDelivering) return 'this process';
  if (processes === null) return 'unknown';
  return leader === undefined ? 'nobody' : 'another process';
}
