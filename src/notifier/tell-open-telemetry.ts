import type { Meters } from '../telemetry/meters.js';
import type { OpenTelemetry } from '../telemetry/open-telemetry.js';
import { onAttempt } from './on-attempt.js';
import { recordMetrics, type Observable } from './record-metrics.js';

/** Tells the app's OpenTelemetry of every attempt, as a span, and of all that is measured; the answer ends that. */
export function tellOpenTelemetry(crm: Observable, { tracing, meters }: OpenTelemetry): () => void {
  const stops = [
    ...(meters === undefined ? [] : measure(crm, meters)),
    ...(tracing === undefined ? [] : onAttempt(crm, tracing.recordAttempt)),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

function measure(crm: Observable, { sink, observeGauges }: Meters): (() => void)[] {
  const recorder = recordMetrics(crm, sink);
  return [recorder.stop, observeGauges(recorder.readGauges)];
}
