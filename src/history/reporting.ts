import type { Clock } from '../core/clock.js';
import { errorDataOf } from '../core/errors.js';
import type { DeliveryEvent } from '../delivery/delivery-event.js';
import type { CircuitState } from '../delivery/circuit.js';
import { errorForLog } from '../telemetry/error-for-log.js';
import type { Logger } from '../telemetry/logger.js';
import type {
  HandPause,
  History,
  KeptDelivered,
  Pause,
  TargetReport,
  TimelineEntry,
  UnknownPauses,
} from './history.js';
import { deliveredOf, entryOfEvent } from './entry-of-event.js';
import { addMinute, countsIn, type MinuteTotals } from './minute-totals.js';
import { createTimelineBuffer } from './timeline-buffer.js';
import { createTypeTotals, type AcceptedType } from './type-totals.js';

/** Reports to a history what this process does, every few seconds. */
export interface Reporting {
  onEvent(event: DeliveryEvent): void;
  /** Somebody has changed dead letters. */
  onChanged(entries: readonly TimelineEntry[]): void;
  /** Notifications were accepted, each for a target. */
  onAccepted(accepted: readonly AcceptedType[]): void;
  /** Reports at once. */
  report(): Promise<void>;
  /** Resolves once there is nothing left to add. */
  flush(): Promise<void>;
  /** Reports for the last time, and takes this process off the list. */
  stop(): Promise<void>;
}

export interface ReportingOptions {
  readonly history: History;
  readonly clock: Clock;
  /** The names of the targets. */
  readonly targets: readonly string[];
  readonly keepDelivered: KeptDelivered;
  /** Whether this process delivers now. */
  readonly isLeading: () => boolean;
  readonly circuitOf: (target: string) => CircuitState | undefined;
  /** Whether delivery to a target is paused by hand. */
  readonly handPauseOf: (target: string) => HandPause | null;
  /** Why that is not known; null if it is. */
  readonly unknownPauses: () => UnknownPauses | null;
  readonly logger: Pick<Logger, 'warn'>;
}

/** After something has happened. */
const reportSoonMs = 1_000;
/** In any case. */
const reportEveryMs = 5_000;
const minuteMs = 60_000;

export function startReporting(options: ReportingOptions): Reporting {
  const { history, clock, targets, keepDelivered, isLeading, circuitOf, handPauseOf, unknownPauses, logger } = options;
  const startedAt = clock.now();
  const pauses = new Map<string, Pause>();
  const timelines = createTimelineBuffer(keepDelivered.ms === 0 ? 0 : keepDelivered.count);
  const types = createTypeTotals();
  let counts: MinuteTotals = new Map();
  let leadsSince: number | null = null;
  let cancel: (() => void) | undefined;
  let dueAtMs = Infinity;
  let reporting: Promise<void> = Promise.resolve();
  let isStopped = false;
  let isFailing = false;

  const countsOf = (target: string, at: number): ReturnType<typeof countsIn> =>
    countsIn(counts, target, at - (at % minuteMs));

  const schedule = (delayMs: number): void => {
    const atMs = clock.monotonicMs() + delayMs;
    if (isStopped || atMs >= dueAtMs) return;
    cancel?.();
    dueAtMs = atMs;
    cancel = clock.after(delayMs, () => void report());
  };

  const targetReport = (name: string): TargetReport => {
    const circuit = circuitOf(name) ?? 'closed';
    const unknown = unknownPauses();
    if (unknown !== null) {
      const { reason, since } = unknown;
      return { circuit, pause: { cause: { kind: 'pausesUnknown', reason }, since } };
    }
    const byHand = handPauseOf(name);
    if (byHand !== null) return { circuit, pause: { cause: { kind: 'byHand', by: byHand.by }, since: byHand.since } };
    return { circuit, pause: circuit === 'closed' ? null : (pauses.get(name) ?? null) };
  };

  const reportNow = async (): Promise<void> => {
    const added = counts;
    counts = new Map();
    const taken = timelines.take();
    const addedTypes = types.take();
    leadsSince = isLeading() ? (leadsSince ?? clock.now()) : null;
    const own = {
      ...{ startedAt, leadsSince },
      targets: leadsSince === null ? {} : Object.fromEntries(targets.map((name) => [name, targetReport(name)])),
    };
    try {
      const { entries, delivered } = taken;
      const minutes = [...added.values()];
      await history.report({
        process: own,
        minutes,
        types: addedTypes,
        entries,
        delivered: delivered.map(deliveredOf),
      });
      isFailing = false;
    } catch (error) {
      // Back to what is not reported yet.
      for (const failed of added.values()) addMinute(counts, failed);
      timelines.putBack(taken);
      types.putBack(addedTypes, clock.now());
      // Where delivery waits for the history, the WARN about that has the same cause.
      if (isFailing || (isLeading() && unknownPauses() !== null)) return;
      // Once for each spell of failures. Nothing is lost but what an operator would see.
      logger.warn({ err: errorForLog(errorDataOf(error)) }, `CRM history: ${errorDataOf(error).message}`);
      isFailing = true;
    }
  };

  /** One after the other. */
  const report = (): Promise<void> => {
    cancel?.();
    cancel = undefined;
    dueAtMs = Infinity;
    reporting = reporting.then(reportNow).then(() => {
      schedule(reportEveryMs);
    });
    return reporting;
  };

  void report();
  return {
    onAccepted(accepted) {
      const at = clock.now();
      for (const { target } of accepted) countsOf(target, at).accepted += 1;
      types.onAccepted(accepted, at);
      schedule(reportSoonMs);
    },
    onEvent(event) {
      types.onEvent(event);
      switch (event.kind) {
        case 'delivered':
          countsOf(event.target, event.endedAt).delivered += 1;
          timelines.addDelivered(event);
          schedule(reportSoonMs);
          return;
        case 'dead':
          countsOf(event.target, event.endedAt).dead += 1;
          break;
        case 'retry':
          countsOf(event.target, event.endedAt).retried += 1;
          break;
        case 'paused':
          pauses.set(event.target, { cause: event.cause, since: clock.now() });
          break;
        case 'resumed':
          pauses.delete(event.target);
          break;
        case 'pausedByHand':
        case 'resumedByHand':
        case 'unsent':
        case 'refused':
          break;
        default:
          return;
      }
      const entry = entryOfEvent(event, clock.now());
      if (entry !== undefined) timelines.add(entry);
      schedule(reportSoonMs);
    },
    onChanged(entries) {
      for (const entry of entries) timelines.add(entry);
      schedule(reportSoonMs);
    },
    report,
    flush: () => (counts.size > 0 || !timelines.isEmpty ? report() : reporting),
    async stop() {
      isStopped = true;
      await report();
      // A process that is gone is left out soon in any case.
      await history.close().catch(() => undefined);
    },
  };
}
