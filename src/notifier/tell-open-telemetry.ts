import type { Meters } from '../telemetry/meters.js';
import type { OpenTelemetry } from '../telemetry/open-telemetry.js';
import type { Tracing } from '../telemetry/tracing.js';
import { recordMetrics, type Observable } from './record-metrics.js';

/** Tells the app's OpenTelemetry of every attempt, as a span, and of all that is measured; the answer ends that. */
export function tellOpenTelemetry(crm: Observable, { tracing, meters }: OpenTelemetry): () => void {
  const stops = [
    ...(meters === undefined ? [] : measure(crm, meters)),
    ...(tracing === undefined ? [] : traceAttempts(crm, tracing)),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

function measure(crm: Observable, { sink, observeGauges }: Meters): (() => void)[] {
  const recorder = recordMetrics(crm, sink);
  return [recorder.stop, observeGauges(recorder.readGauges)];
}

function traceAttempts(crm: Observable, { recordAttempt }: Tracing): (() => void)[] {
  return [
    crm.on('delivered', (attempt) => {
      recordAttempt({ ...attempt, errorType: undefined });
    }),
    crm.on('retry', (attempt) => {
      const { status, code } = attempt;
      recordAttempt({ ...attempt, errorType: String(status ?? code) });
    }),
    crm.on('refused', (attempt) => {
      recordAttempt({ ...attempt, errorType: String(attempt.status) });
    }),
    crm.on('dead', (attempt) => {
      const { status, kind } = attempt.reason;
      recordAttempt({ ...attempt, status, errorType: String(status ?? kind) });
    }),
  ];
}
