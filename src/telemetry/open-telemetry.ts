import * as nodeModule from 'node:module';
import { join } from 'node:path';
import type * as Api from '@opentelemetry/api';
import { createMeters, type Meters } from './meters.js';
import { createTracing, type Tracing } from './tracing.js';

/** What an app's OpenTelemetry is told, through its API alone: which SDK takes it, if any, is for the app to say. */
export interface OpenTelemetry {
  /** Undefined where the app has no SDK for spans. */
  readonly tracing: Tracing | undefined;
  /** Undefined where it has none for metrics. */
  readonly meters: Meters | undefined;
}

const scope = 'express-crm-notifier';

/**
 * Looks for `@opentelemetry/api`, which is optional, and for the SDKs that are registered with it. `notifyUrl` is where attempts
 * are posted.
 */
export function loadOpenTelemetry(notifyUrl: string, onFailure: () => void): OpenTelemetry {
  let api: typeof Api;
  try {
    // Not imported: it may be missing, and all is made before the first request. A bundle has no file name of ours.
    const from = typeof __filename === 'string' ? __filename : join(process.cwd(), 'bundle.js');
    // Under its own name: bundles like to declare a createRequire of theirs.
    api = nodeModule.createRequire(from)('@opentelemetry/api') as typeof Api;
  } catch {
    return { tracing: undefined, meters: undefined };
  }
  return { tracing: createTracing(api, scope, notifyUrl, onFailure), meters: createMeters(api, scope) };
}
