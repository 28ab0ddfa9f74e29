import type { PauseCause } from './pause-reports.js';

export type CircuitState = 'closed' | 'open' | 'half-open';

/** What a circuit breaker knows of its circuit. Instants are on the monotonic clock. */
export type Circuit =
  | { readonly state: 'closed'; readonly responsesSinceOutage: number }
  | {
      readonly state: 'open' | 'half-open';
      readonly cause: PauseCause;
      readonly probeAtMs: number;
      /** When a notification that never failed may be the probe, while the others may be to blame. */
      readonly freshProbeAtMs: number;
      /** Whether perhaps only the notifications tried so far are refused. */
      readonly isTokenInDoubt: boolean;
      /** Whether at least a connection was made. */
      readonly wasSent: boolean;
      readonly probeCount: number;
      /** Attempts up to this one started before the circuit opened, so they are no probes. */
      readonly lastBefore: number;
    };

// So many probes look for a notification that gets a response; after that, none is expected to get one.
const searchCount = 200;

/** Whether the next probe should be a notification that never failed. */
export function prefersFresh(circuit: Circuit): boolean {
  if (circuit.state === 'closed') return false;
  if (circuit.cause.kind === 'unauthorised') return circuit.isTokenInDoubt;
  if (circuit.cause.kind === 'misdirected') return true;
  return circuit.wasSent && circuit.probeCount <= searchCount;
}

/** When an open circuit lets a probe through; never if it is not open. */
export function openProbeAtMs(circuit: Circuit, hasFresh: () => boolean): number {
  if (circuit.state !== 'open') return Infinity;
  const { probeAtMs, freshProbeAtMs } = circuit;
  return freshProbeAtMs < probeAtMs && prefersFresh(circuit) && hasFresh() ? freshProbeAtMs : probeAtMs;
}
