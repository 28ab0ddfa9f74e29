import type { Notifier, Stats } from '../notifier/notifier.js';
import { onAttempt } from './on-attempt.js';

/**
 * All metrics, for OpenTelemetry and Prometheus alike: names, units, labels and buckets.
 *
 * Names and units follow OpenTelemetry's conventions (https://opentelemetry.io/docs/specs/semconv/general/naming/): a
 * counter's name is in the plural, an annotation such as `{notification}` names what is counted, seconds and bytes are
 * `s` and `By`. Labels have few values each: no ids, no addresses, no texts.
 */
export interface Metric {
  /** Without the prefix `crm_notifier.` */
  readonly name: string;
  readonly unit: 's' | 'By' | `{${string}}`;
  readonly description: string;
  readonly labels: readonly Label[];
}

export interface HistogramMetric extends Metric {
  /** Upper bounds, in the metric's unit. */
  readonly buckets: readonly number[];
}

type Label = 'type' | 'target' | 'result' | 'error_type' | 'state' | 'operation';
export type CounterKey = 'notifications' | 'deliveries' | 'attempts' | 'unsent' | 'outboxErrors';
export type HistogramKey = 'attemptDuration' | 'deliveryDuration' | 'hookDuration';
export type GaugeKey = 'queueSize' | 'oldestAge' | 'circuitState' | 'outboxSize' | 'lastSuccess';
export type Labels = Readonly<Partial<Record<Label, string>>>;

export const counters: Readonly<Record<CounterKey, Metric>> = {
  notifications: {
    name: 'notifications',
    unit: '{notification}',
    description: 'Notifications that the app made, accepted into the outbox or rejected.',
    labels: ['type', 'result'],
  },
  deliveries: {
    name: 'deliveries',
    unit: '{notification}',
    description: 'Notifications that are done with, for each of their targets: delivered, dead or expired.',
    labels: ['type', 'target', 'result'],
  },
  attempts: {
    name: 'delivery.attempts',
    unit: '{attempt}',
    description: 'Attempts to deliver: delivered, to be tried again (retry), token refused (refused) or final (dead).',
    labels: ['target', 'result', 'error_type'],
  },
  unsent: {
    name: 'delivery.unsent',
    unit: '{attempt}',
    description:
      'Attempts that never left, because there was no connection to the CRM. They are not among the attempts.',
    labels: ['target', 'error_type'],
  },
  outboxErrors: {
    name: 'outbox.errors',
    unit: '{error}',
    description: 'Spells of failures of the outbox: it could not be opened, written, read or settled.',
    labels: ['operation', 'error_type'],
  },
};

export const histograms: Readonly<Record<HistogramKey, HistogramMetric>> = {
  attemptDuration: {
    name: 'delivery.attempt.duration',
    unit: 's',
    description: 'How long an attempt took.',
    labels: ['target', 'result'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
  },
  deliveryDuration: {
    name: 'delivery.duration',
    unit: 's',
    description: 'From a notification’s acceptance until the CRM had it, waits included.',
    labels: ['target'],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 14_400, 86_400],
  },
  hookDuration: {
    name: 'hook.duration',
    unit: 's',
    description: 'What a hook added to a request: mapping, and waiting for the outbox.',
    labels: ['type'],
    buckets: [0.000_01, 0.000_05, 0.000_1, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1],
  },
};

export const gauges: Readonly<Record<GaugeKey, Metric>> = {
  queueSize: {
    name: 'queue.size',
    unit: '{notification}',
    description:
      'Notifications that are kept: waiting, in_flight, dead, or unsaved (in memory, for the outbox to answer; for no target).',
    labels: ['target', 'state'],
  },
  oldestAge: {
    name: 'queue.oldest.age',
    unit: 's',
    description: 'How long ago the oldest pending notification was accepted.',
    labels: ['target'],
  },
  circuitState: {
    name: 'circuit.state',
    unit: '{state}',
    description: '1 for the state that the circuit breaker is in, 0 for the others.',
    labels: ['target', 'state'],
  },
  outboxSize: {
    name: 'outbox.size',
    unit: 'By',
    description: 'The outbox’s file and its log, on disk.',
    labels: [],
  },
  lastSuccess: {
    name: 'last.success',
    unit: 's',
    description: 'When the CRM last took a notification, in seconds since 1970; 0 for not yet.',
    labels: ['target'],
  },
};

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

/** The same keys, each with the value that `map` returns. */
export function mapValues<Key extends string, Value, Result>(
  record: Readonly<Record<Key, Value>>,
  map: (value: Value, key: Key) => Result,
): Readonly<Record<Key, Result>> {
  const entries = Object.entries<Value>(record).map(([key, value]) => [key, map(value, key as Key)]);
  return Object.fromEntries(entries) as Record<Key, Result>;
}

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
