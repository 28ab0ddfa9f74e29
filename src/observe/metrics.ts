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
export type GaugeKey = 'queueSize' | 'oldestAge' | 'circuitState' | 'pausedByHand' | 'outboxSize' | 'lastSuccess';
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
  pausedByHand: {
    name: 'paused.by_hand',
    unit: '{pause}',
    description: '1 while somebody has paused delivery to the target, else 0.',
    labels: ['target'],
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

/** The same keys, each with the value that `map` returns. */
export function mapValues<Key extends string, Value, Result>(
  record: Readonly<Record<Key, Value>>,
  map: (value: Value, key: Key) => Result,
): Readonly<Record<Key, Result>> {
  const entries = Object.entries<Value>(record).map(([key, value]) => [key, map(value, key as Key)]);
  return Object.fromEntries(entries) as Record<Key, Result>;
}
