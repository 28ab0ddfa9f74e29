import { createRequire } from 'node:module';
import type * as Api from '@opentelemetry/api';
import { mapValues } from '../core/map-values.js';
import { survive } from '../core/survive.js';
import { version } from '../core/version.js';
import { counters, gauges, histograms, type GaugeReading, type Labels, type MetricSink } from './metrics.js';
import { validTraceparent } from './traceparent.js';

/** What an app's OpenTelemetry is told, through its API alone: which SDK takes it, if any, is for the app to say. */
export interface OpenTelemetry {
  /** Begins the PRODUCER span of a notification's acceptance, in the trace of the request; undefined when that fails. */
  startSend(type: string, id: string, inboundTraceparent: string | undefined): SendSpan | undefined;
  /** The CLIENT span of an attempt that has ended. */
  recordAttempt(attempt: TracedAttempt): void;
  readonly sink: MetricSink;
  /** Reads the gauges whenever the app's metrics are collected; the answer ends that. */
  observeGauges(read: () => Promise<readonly GaugeReading[]>): () => void;
}

export interface SendSpan {
  /** What the CRM is to be sent, so that its work joins the trace; undefined where there is no trace. */
  readonly traceparent: string | undefined;
  end(errorCode?: string): void;
}

export interface TracedAttempt {
  readonly id: string;
  readonly type: string;
  /** Attempts so far, this one included. */
  readonly attempts: number;
  readonly durationMs: number;
  /** In milliseconds since 1970. */
  readonly endedAt: number;
  /** Of the acceptance, in this process or an earlier one. */
  readonly traceparent: string | undefined;
  readonly status: number | undefined;
  /** A status or a code; undefined when the CRM took it. */
  readonly errorType: string | undefined;
}

const scope = 'express-crm-notifier';

/**
 * Undefined where `@opentelemetry/api` is not installed. A span that an SDK fails to take is survived and told to
 * `onFailure`; what else is called here is for listeners, whose failures are survived anyway.
 */
export function loadOpenTelemetry(baseUrl: string, onFailure: () => void): OpenTelemetry | undefined {
  let api: typeof Api;
  try {
    // Not imported: it is optional, and everything here is made before the first request.
    api = createRequire(__filename)('@opentelemetry/api') as typeof Api;
  } catch {
    return undefined;
  }
  return createOpenTelemetry(api, baseUrl, onFailure);
}

function createOpenTelemetry(api: typeof Api, baseUrl: string, onFailure: () => void): OpenTelemetry {
  const { trace, context, ROOT_CONTEXT, SpanKind, SpanStatusCode } = api;
  const tracer = trace.getTracer(scope, version);
  const { hostname, port, protocol } = new URL(baseUrl);
  const server = {
    'http.request.method': 'POST',
    'server.address': hostname,
    'server.port': Number(port || (protocol === 'https:' ? 443 : 80)),
    'url.full': `${baseUrl.replace(/\/$/, '')}/notify`,
  };

  /** The span that is active here; else the one that the request's header names. */
  const parentContext = (inbound: string | undefined): Api.Context => {
    const active = context.active();
    const remote = trace.getSpanContext(active) === undefined ? spanContextOf(inbound) : undefined;
    return remote === undefined ? active : trace.setSpanContext(active, remote);
  };

  return {
    startSend(type, id, inbound) {
      const attributes = {
        'messaging.system': 'crm_notifier',
        'messaging.operation.name': 'send',
        'messaging.operation.type': 'send',
        'messaging.destination.name': 'crm',
        'messaging.message.id': id,
      };
      let span: Api.Span;
      let spanContext: Api.SpanContext;
      try {
        span = tracer.startSpan(`send ${type}`, { kind: SpanKind.PRODUCER, attributes }, parentContext(inbound));
        spanContext = span.spanContext();
      } catch {
        onFailure();
        return undefined;
      }
      return {
        // Without an SDK a span has no ids of its own; what the request brought is passed on then.
        traceparent: trace.isSpanContextValid(spanContext) ? traceparentOf(spanContext) : inbound,
        end(errorCode) {
          survive(() => {
            if (errorCode !== undefined) {
              span.setAttribute('error.type', errorCode);
              span.setStatus({ code: SpanStatusCode.ERROR });
            }
            span.end();
          }, onFailure);
        },
      };
    },

    recordAttempt({ id, type, attempts, durationMs, endedAt, traceparent, status, errorType }) {
      const accepted = spanContextOf(traceparent);
      const attributes: Api.Attributes = { ...server, 'messaging.message.id': id, 'crm_notifier.type': type };
      if (attempts > 1) attributes['http.request.resend_count'] = attempts - 1;
      if (status !== undefined) attributes['http.response.status_code'] = status;
      if (errorType !== undefined) attributes['error.type'] = errorType;
      const span = tracer.startSpan(
        'POST',
        {
          kind: SpanKind.CLIENT,
          startTime: hrTimeOf(endedAt - durationMs),
          attributes,
          links: accepted === undefined ? [] : [{ context: accepted }],
        },
        // In its trace as well, for whoever looks at the trace: the acceptance may be hours ago, and of another process.
        accepted === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, accepted),
      );
      if (errorType !== undefined) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end(hrTimeOf(endedAt));
    },

    ...createMeters(api),
  };
}

function createMeters(api: typeof Api): Pick<OpenTelemetry, 'sink' | 'observeGauges'> {
  const meter = api.metrics.getMeter(scope, version);
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

function traceparentOf({ traceId, spanId, traceFlags }: Api.SpanContext): string {
  return `00-${traceId}-${spanId}-${(traceFlags & 1).toString(16).padStart(2, '0')}`;
}

function spanContextOf(traceparent: string | undefined): Api.SpanContext | undefined {
  const [, traceId, spanId, flags] = validTraceparent(traceparent)?.split('-') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
}

/** Seconds and nanoseconds: the form that leaves no doubt which clock an instant is of. */
function hrTimeOf(at: number): Api.HrTime {
  const seconds = Math.floor(at / 1_000);
  return [seconds, Math.round((at - seconds * 1_000) * 1_000_000)];
}
