import type * as Api from '@opentelemetry/api';
import { callSafely } from '../core/call-safely.js';
import { version } from '../core/version.js';
import { validTraceparent } from '../core/ids.js';
import type { StartSpan } from '../notifier/prepare-notification.js';
import type { EndedAttempt } from './on-attempt.js';
import type { TargetUrls } from './target-urls.js';

/** Spans of notifications, for the app's OpenTelemetry. */
export interface Tracing {
  /** Starts the PRODUCER span of a notification's acceptance, in the trace of the request. Returns undefined if that fails. */
  readonly startSend: StartSpan;
  /** Makes the CLIENT span of an attempt that has ended. Throws what the SDK throws. */
  readonly recordAttempt: (attempt: EndedAttempt) => void;
}

/** Returns undefined if no SDK is registered. An error of the SDK in `startSend` or `end` is caught and `onFailure` called. */
export function createTracing(
  api: typeof Api,
  scope: string,
  urls: TargetUrls,
  onFailure: () => void,
): Tracing | undefined {
  if (!hasSdk(api, scope)) return undefined;
  const { trace, context, ROOT_CONTEXT, SpanKind, SpanStatusCode } = api;
  const tracer = trace.getTracer(scope, version);
  const servers = new Map([...urls].map(([target, url]) => [target, serverOf(url)]));
  const destination = [...urls.keys()].join(',');

  /** The active span's context; without one, that of the request's `traceparent` header. */
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
        'messaging.destination.name': destination,
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
        // A provider may make spans without ids; then the request's own `traceparent` is passed on.
        traceparent: trace.isSpanContextValid(spanContext) ? traceparentOf(spanContext) : inbound,
        end(errorCode) {
          callSafely(() => {
            if (errorCode !== undefined) {
              span.setAttribute('error.type', errorCode);
              span.setStatus({ code: SpanStatusCode.ERROR });
            }
            span.end();
          }, onFailure);
        },
      };
    },

    recordAttempt({ id, target, type, attempts, wasSent, durationMs, endedAt, traceparent, status, errorType }) {
      const accepted = spanContextOf(traceparent);
      const attributes: Api.Attributes = {
        ...servers.get(target),
        'messaging.message.id': id,
        'crm_notifier.type': type,
        'crm_notifier.target': target,
      };
      if (wasSent) Object.assign(attributes, { 'http.request.method': 'POST', 'url.full': urls.get(target) });
      if (wasSent && attempts > 1) attributes['http.request.resend_count'] = attempts - 1;
      if (status !== undefined) attributes['http.response.status_code'] = status;
      if (errorType !== undefined) attributes['error.type'] = errorType;
      const span = tracer.startSpan(
        // Without a connection there was no request.
        wasSent ? 'POST' : 'connect',
        {
          kind: SpanKind.CLIENT,
          startTime: hrTimeOf(endedAt - durationMs),
          attributes,
          links: accepted === undefined ? [] : [{ context: accepted }],
        },
        // A child as well as linked, so that one trace shows all: the acceptance may be hours ago, in another process.
        accepted === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, accepted),
      );
      if (errorType !== undefined) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end(hrTimeOf(endedAt));
    },
  };
}

function serverOf(url: string): Api.Attributes {
  const { hostname, port, protocol } = new URL(url);
  return { 'server.address': hostname, 'server.port': Number(port || (protocol === 'https:' ? 443 : 80)) };
}

/** The API's own provider is a placeholder; it delegates to a tracer only once an SDK is registered. */
function hasSdk({ trace, ProxyTracerProvider }: typeof Api, scope: string): boolean {
  const provider = trace.getTracerProvider();
  return !(provider instanceof ProxyTracerProvider) || provider.getDelegateTracer(scope) !== undefined;
}

function traceparentOf({ traceId, spanId, traceFlags }: Api.SpanContext): string {
  return `00-${traceId}-${spanId}-${(traceFlags & 1).toString(16).padStart(2, '0')}`;
}

function spanContextOf(traceparent: string | undefined): Api.SpanContext | undefined {
  const [, traceId, spanId, flags] = validTraceparent(traceparent)?.split('-') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
}

/** Seconds and nanoseconds since 1970: a plain number might be taken for the time since the process started. */
function hrTimeOf(at: number): Api.HrTime {
  const seconds = Math.floor(at / 1_000);
  return [seconds, Math.round((at - seconds * 1_000) * 1_000_000)];
}
