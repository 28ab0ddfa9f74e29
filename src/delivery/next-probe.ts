import { backoffBoundMs, backoffMs } from './backoff.js';
import type { PauseCause } from './pause-reports.js';

export interface OpenedCircuit {
  readonly cause: PauseCause;
  /** How many probes there will have been with the next. */
  readonly probeCount: number;
  /** On the monotonic clock. */
  readonly nowMs: number;
  /** Whether somebody has to act first, so that a probe seldom helps. */
  readonly isLong: boolean;
  readonly random: () => number;
}

export interface ProbeDelays {
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  readonly maxPauseMs: number;
}

export interface NextProbe {
  readonly probeAtMs: number;
  /** When a notification that never failed may be the probe, while the others may be to blame. */
  readonly freshProbeAtMs: number;
}

/** When an open circuit lets its next probe through. Half of the wait is fixed, so that it does pause; the other half is random. */
export function nextProbe(
  { cause, probeCount, nowMs, isLong, random }: OpenedCircuit,
  { firstDelayMs, maxDelayMs, maxPauseMs }: ProbeDelays,
): NextProbe {
  const waits = { firstDelayMs, maxDelayMs: isLong ? maxPauseMs : maxDelayMs };
  const waitMs = backoffBoundMs(probeCount, waits) / 2 + backoffMs(probeCount, waits, random) / 2;
  return {
    probeAtMs: nowMs + waitMs,
    freshProbeAtMs: nowMs + Math.min(waitMs, cause.kind === 'unreachable' ? firstDelayMs : maxDelayMs),
  };
}
