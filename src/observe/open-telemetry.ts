import * as nodeModule from 'node:module';
import { join } from 'node:path';
import type * as Api from '@opentelemetry/api';
import type { StartSpan } from '../notifier/intake.js';
import { createMeters } from './meters.js';
import { onAttempt } from './on-attempt.js';
import { recordMetrics, type Observable } from './record-metrics.js';
import { createTracing } from './tracing.js';

/** What an app's OpenTelemetry gets, through its API alone. Which SDK takes it, if any, is for the app to choose. */
export interface OpenTelemetry {
  /** Undefined where the app has no SDK for spans. */
  readonly startSpan: StartSpan | undefined;
  /** Reports every attempt as a span, and everything that is measured. Returns a function that ends this. */
  report(crm: Observable): () => void;
}

const scope = 'express-crm-notifier';

/**
 * Looks for `@opentelemetry/api`, which is optional, and for the SDKs that are registered with it. `notifyUrl` is where attempts
 * are posted.
 */
export function loadOpenTelemetry(notifyUrl: string, onFailure: () => void): OpenTelemetry {
  const api = loadApi();
  if (api === undefined) return { startSpan: undefined, report: () => () => undefined };
  const tracing = createTracing(api, scope, notifyUrl, onFailure);
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
    // Not imported: it may be missing, and everything is made before the first request. A bundle has no file name of ours.
    const from = typeof __filename === 'string' ? __filename : join(process.cwd(), 'bundle.js');
    // Under its own name: bundles like to declare a createRequire of theirs.
    return nodeModule.createRequire(from)('@opentelemetry/api') as typeof Api;
  } catch {
    return undefined;
  }
}
