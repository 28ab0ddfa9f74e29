import type { Notifier, Stats } from '../notifier/notifier.js';
import type { CounterKey, GaugeKey, HistogramKey, Labels } from './metrics.js';
import { onAttempt } from './on-attempt.js';

/** Receives the values of counters and histograms. */
export interface MetricSink {
  count(counter: CounterKey, labels: Labels): void;
  /** In the histogram's unit. */
  observe(histogram: HistogramKey, value: number, labels: Labels): void;
}

/** A gauge's value now. */
export interface GaugeReading {
  readonly gauge: GaugeKey;
  readonly value: number;
  readonly labels: Labels;
}

/** The part of a notifier that metrics are made from. */
export type Observable = Pick<Notifier, 'on' | 'stats'>;

/** Records metrics from a notifier's events and counters. */
export interface MetricRecorder {
  /** Returns the gauges' current values, without those of an outbox that cannot be read. */
  readonly readGauges: () => Promise<readonly GaugeReading[]>;
  readonly stop: () => void;
}

const other = 'other';

/** Makes a function that returns the first `maxValues` values as they are and all others as `other`, so that labels stay few. */
function createLabelBound(maxValues: number): (value: string) => string {
  const known = new Set<string>();
  return (value) => {
    if (known.has(value)) return value;
    if (known.size >= maxValues) return other;
    known.add(value);
    return value;
  };
}

const maxTypes = 100;
const maxErrorTypes = 64;

export function recordMetrics(crm: Observable, sink: MetricSink): MetricRecorder {
  const typeOf = createLabelBound(maxTypes);
  const errorTypeOf = createLabelBound(maxErrorTypes);
  const lastSuccessAt = new Map<string, number>();

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
    ...onAttempt(crm, ({ target, result, wasSent, durationMs, errorType }) => {
      if (!wasSent) {
        // A dead letter that was never sent has its reason's kind.
        sink.count('unsent', { target, error_type: errorType === undefined ? '' : errorTypeOf(errorType) });
        return;
      }
      // Always set, even if empty: a label that is missing now and then would split the series in two.
      sink.count('attempts', { target, result, error_type: errorType === undefined ? '' : errorTypeOf(errorType) });
      sink.observe('attemptDuration', durationMs / 1_000, { target, result });
    }),
    crm.on('delivered', ({ type, target, ageMs, endedAt }) => {
      lastSuccessAt.set(target, endedAt);
      sink.count('deliveries', { type: typeOf(type), target, result: 'delivered' });
      sink.observe('deliveryDuration', ageMs / 1_000, { target });
    }),
    crm.on('dead', ({ type, target, reason }) => {
      sink.count('deliveries', { type: typeOf(type), target, result: reason.kind === 'expired' ? 'expired' : 'dead' });
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

function gaugeReadings(stats: Stats, lastSuccessAt: ReadonlyMap<string, number>): readonly GaugeReading[] {
  const { unsaved, outboxBytes, isOutboxReadable } = stats;
  const targets = Object.entries(stats.targets);
  return [
    ...(isOutboxReadable ? targets.flatMap(([target, ofTarget]) => storedReadings(target, ofTarget)) : []),
    ...(isOutboxReadable ? [{ gauge: 'outboxSize', value: outboxBytes, labels: {} } as const] : []),
    { gauge: 'queueSize', value: unsaved, labels: { target: '', state: 'unsaved' } },
    ...targets.flatMap(([target, { circuit }]) =>
      circuitStates.map((state): GaugeReading => {
        const labels = { target, state: state.replace('-', '_') };
        return { gauge: 'circuitState', value: state === circuit ? 1 : 0, labels };
      }),
    ),
    ...targets.map(([target, { pausedByHand }]): GaugeReading => {
      return { gauge: 'pausedByHand', value: pausedByHand === null ? 0 : 1, labels: { target } };
    }),
    ...targets.map(([target]): GaugeReading => {
      return { gauge: 'lastSuccess', value: (lastSuccessAt.get(target) ?? 0) / 1_000, labels: { target } };
    }),
  ];
}

const circuitStates = ['closed', 'open', 'half-open'] as const satisfies readonly Stats['circuit'][];

function storedReadings(target: string, ofTarget: Stats['targets'][string]): readonly GaugeReading[] {
  const { pending, inFlight, dead, oldestAgeMs } = ofTarget;
  const size = (state: string, value: number): GaugeReading => {
    return { gauge: 'queueSize', value, labels: { target, state } };
  };
  return [
    // A delivered notification is pending until its settlement is stored, but no longer in flight.
    size('waiting', Math.max(0, pending - inFlight)),
    size('in_flight', inFlight),
    size('dead', dead),
    { gauge: 'oldestAge', value: oldestAgeMs / 1_000, labels: { target } },
  ];
}
