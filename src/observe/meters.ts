import type * as Api from '@opentelemetry/api';
import { mapValues } from '../core/map-values.js';
import { version } from '../core/version.js';
import { counters, gauges, histograms, type GaugeReading, type Labels, type MetricSink } from './metrics.js';

/** Instruments of the app's OpenTelemetry. */
export interface Meters {
  readonly sink: MetricSink;
  /** Reads the gauges whenever the app's metrics are collected; the answer ends that. */
  readonly observeGauges: (read: () => Promise<readonly GaugeReading[]>) => () => void;
}

/** Undefined where no SDK for metrics is registered. */
export function createMeters(api: typeof Api, scope: string): Meters | undefined {
  const meter = api.metrics.getMeter(scope, version);
  if (meter === api.createNoopMeter()) return undefined;
  const counterOf = mapValues(counters, ({ name, unit, description }) =>
    meter.createCounter(`crm_notifier.${name}`, { unit, description }),
  );
  const histogramOf = mapValues(histograms, ({ name, unit, description, buckets }) =>
    meter.createHistogram(`crm_notifier.${name}`, {
      unit,
      description,
      advice: { explicitBucketBoundaries: [...buckets] },
    }),
  );
  const gaugeOf = mapValues(gauges, ({ name, unit, description }) =>
    meter.createObservableGauge(`crm_notifier.${name}`, { unit, description }),
  );
  return {
    sink: {
      count(counter, labels) {
        counterOf[counter].add(1, attributesOf(labels));
      },
      observe(histogram, value, labels) {
        histogramOf[histogram].record(value, attributesOf(labels));
      },
    },
    observeGauges(read) {
      const observe = async (result: Api.BatchObservableResult): Promise<void> => {
        for (const { gauge, value, labels } of await read())
          result.observe(gaugeOf[gauge], value, attributesOf(labels));
      };
      const all = Object.values(gaugeOf);
      meter.addBatchObservableCallback(observe, all);
      return () => {
        meter.removeBatchObservableCallback(observe, all);
      };
    },
  };
}

/** `error.type` is a name that OpenTelemetry has given a meaning; Prometheus writes it with an underscore. */
function attributesOf({ error_type: errorType, ...labels }: Labels): Api.Attributes {
  return errorType === undefined || errorType === '' ? labels : { ...labels, 'error.type': errorType };
}
