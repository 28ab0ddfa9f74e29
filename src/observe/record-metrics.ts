import { createLabelBound, type GaugeReading, type MetricSink } from './metrics.js';
import type { Notifier, Stats } from '../notifier/notifier.js';
import { onAttempt } from './on-attempt.js';

/** The part of a notifier that metrics are made from. */
export type Observable = Pick<Notifier, 'on' | 'stats'>;

/** Records metrics from a notifier's events and counters. */
export interface MetricRecorder {
  /** Returns the gauges' current values, without those of an outbox that cannot be read. */
  readonly readGauges: () => Promise<readonly GaugeReading[]>;
  readonly stop: () => void;
}

const maxTypes = 100;
const maxErrorTypes = 64;

export function recordMetrics(crm: Observable, sink: MetricSink): MetricRecorder {
  const typeOf = createLabelBound(maxTypes);
  const errorTypeOf = createLabelBound(maxErrorTypes);
  let lastSuccessAt = 0;

  const stops = [
    crm.on('accepted', ({ type }) => {
      sink.count('notifications', { type: typeOf(type), result: 'accepted' });
    }),
    crm.on('rejected', ({ type }) => {
      sink.count('notifications', { type: typeOf(type ?? 'unknown'), result: 'rejected' });
    }),
    crm.on('responded', ({ type, durationMs }) => {
      sink.observe('hookDuration', durationMs / 1_000, { type: typeOf(type) });
    }),
    ...onAttempt(crm, ({ result, wasSent, durationMs, errorType }) => {
      if (!wasSent) {
        // A dead letter that was never sent has its reason's kind.
        sink.count('unsent', { error_type: errorType === undefined ? '' : errorTypeOf(errorType) });
        return;
      }
      // Always set, even if empty: a label that is missing now and then would split the series in two.
      sink.count('attempts', { result, error_type: errorType === undefined ? '' : errorTypeOf(errorType) });
      sink.observe('attemptDuration', durationMs / 1_000, { result });
    }),
    crm.on('delivered', ({ type, ageMs, endedAt }) => {
      lastSuccessAt = endedAt;
      sink.count('deliveries', { type: typeOf(type), result: 'delivered' });
      sink.observe('deliveryDuration', ageMs / 1_000, {});
    }),
    crm.on('dead', ({ type, reason }) => {
      sink.count('deliveries', { type: typeOf(type), result: reason.kind === 'expired' ? 'expired' : 'dead' });
    }),
    crm.on('outboxFailed', ({ operation, error }) => {
      sink.count('outboxErrors', { operation, error_type: errorTypeOf(error.code ?? error.name) });
    }),
  ];

  return {
    readGauges: async () => gaugeReadings(await crm.stats(), lastSuccessAt),
    stop() {
      for (const stop of stops) stop();
    },
  };
}

function gaugeReadings(stats: Stats, lastSuccessAt: number): readonly GaugeReading[] {
  const { pending, inFlight, dead, unsaved, oldestAgeMs, circuit, outboxBytes } = stats;
  const size = (state: string, value: number): GaugeReading => ({ gauge: 'queueSize', value, labels: { state } });
  const stored: readonly GaugeReading[] = [
    // A delivered notification is pending until its settlement is stored, but no longer in flight.
    size('waiting', Math.max(0, pending - inFlight)),
    size('in_flight', inFlight),
    size('dead', dead),
    { gauge: 'oldestAge', value: oldestAgeMs / 1_000, labels: {} },
    { gauge: 'outboxSize', value: outboxBytes, labels: {} },
  ];
  return [
    ...(stats.isOutboxReadable ? stored : []),
    size('unsaved', unsaved),
    ...circuitStates.map((state): GaugeReading => {
      return { gauge: 'circuitState', value: state === circuit ? 1 : 0, labels: { state: state.replace('-', '_') } };
    }),
    { gauge: 'lastSuccess', value: lastSuccessAt / 1_000, labels: {} },
  ];
}

const circuitStates = ['closed', 'open', 'half-open'] as const satisfies readonly Stats['circuit'][];
