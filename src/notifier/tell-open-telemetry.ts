import type { OpenTelemetry } from '../telemetry/open-telemetry.js';
import { recordMetrics, type Observable } from './record-metrics.js';

/** Tells the app's OpenTelemetry of every attempt, as a span, and of all that is measured; the answer ends that. */
export function tellOpenTelemetry(crm: Observable, openTelemetry: OpenTelemetry): () => void {
  const recorder = recordMetrics(crm, openTelemetry.sink);
  const stops = [
    recorder.stop,
    openTelemetry.observeGauges(recorder.readGauges),
    crm.on('delivered', (attempt) => {
      openTelemetry.recordAttempt({ ...attempt, errorType: undefined });
    }),
    crm.on('retry', (attempt) => {
      const { status, code } = attempt;
      openTelemetry.recordAttempt({ ...attempt, errorType: String(status ?? code) });
    }),
    crm.on('refused', (attempt) => {
      openTelemetry.recordAttempt({ ...attempt, errorType: String(attempt.status) });
    }),
    crm.on('dead', (attempt) => {
      const { status, kind } = attempt.reason;
      openTelemetry.recordAttempt({ ...attempt, status, errorType: String(status ?? kind) });
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
