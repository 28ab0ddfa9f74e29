import { join } from 'node:path';
import type * as Api from '@opentelemetry/api';
import { requireBeside } from '../core/require-beside.js';
import { version } from '../core/version.js';
import type { StartSpan } from '../notifier/prepare-notification.js';
import { counters, gauges, histograms, type Labels, mapValues } from './metrics.js';
import { onAttempt } from './on-attempt.js';
import { type GaugeReading, type MetricSink, type Observable, recordMetrics } from './record-metrics.js';
import type { TargetUrls } from './target-urls.js';
import { createTracing } from './tracing.js';

/** Spans and metrics for the app's OpenTelemetry. Only its API is used; the app chooses the SDK, if any. */
export interface OpenTelemetry {
  /** Undefined if the app has no SDK for spans. */
  readonly startSpan: StartSpan | undefined;
  /** Reports every attempt as a span, and all metrics. Returns a function that stops this. */
  report(crm: Observable): () => void;
}

const scope = 'express-crm-notifier';

/** Looks for `@opentelemetry/api`, which is optional, and for the SDKs that are registered with it. */
export function loadOpenTelemetry(urls: TargetUrls, onFailure: () => void): OpenTelemetry {
  const api = loadApi();
  if (api === undefined) return { startSpan: undefined, report: () => () => undefined };
  const tracing = createTracing(api, scope, urls, onFailure);
  const meters = createMeters(api, scope);
  return {
    startSpan: tracing?.startSend,
    report(crm) {
      const stops = tracing === undefined ? [] : [...onAttempt(crm, tracing.recordAttempt)];
      if (meters !== undefined) {
        const recorder = recordMetrics(crm, meters.sink);
        stops.push(recorder.stop, meters.observeGauges(recorder.readGauges));
      }
      return () => {
        for (const stop of stops) stop();
      };
    },
  };
}

function loadApi(): typeof Api | undefined {
  try {
    // Not imported: it may be missing, and a dynamic import might end after the first request.
    return requireBeside(join(process.cwd(), 'bundle.js'))('@opentelemetry/api') as typeof Api;
  } catch {
    return undefined;
  }
}

/** Instruments of the app's OpenTelemetry. */
export interface Meters {
  readonly sink: MetricSink;
  /** Reads the gauges whenever the app's metrics are collected. Returns a function that stops this. */
  readonly observeGauges: (read: () => Promise<readonly GaugeReading[]>) => () => void;
}

/** Returns undefined if no SDK for metrics is registered. */
function createMeters(api: typeof Api, scope: string): Meters | undefined {
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

/** OpenTelemetry's conventions define the name `error.type`; Prometheus writes it with an underscore. Empty ones are left out. */
function attributesOf({ error_type: errorType, target, ...labels }: Labels): Api.Attributes {
  const attributes: Api.Attributes = { ...labels };
  if (target !== undefined && target !== '') attributes['target'] = target;
  if (errorType !== undefined && errorType !== '') attributes['error.type'] = errorType;
  return attributes;
}
