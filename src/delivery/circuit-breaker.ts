import { backoffBoundMs, backoffMs } from './backoff.js';

/**
 * Whether delivery may ask the CRM at all.
 *
 *   closed ── failureThreshold failures in a row to reach it ──▶ open (unreachable)
 *   closed ── it answers 401 or 403 ──▶ open (unauthorised)
 *   open ── the wait is over, one attempt starts ──▶ half-open
 *   half-open ── that attempt fails ──▶ open, for about twice as long
 *   open or half-open ── it answers anything else ──▶ closed
 *
 * An attempt that started before the circuit opened may end after it. That the CRM answers it is good news about its
 * reach, but says nothing about the token.
 *
 * After closing, delivery starts slowly: one attempt at a time, and one more with every tenth answer, so that a CRM that
 * has just come back is not met by everything that has piled up, and gets a small backlog just as it was accepted.
 */
export interface CircuitBreaker {
  /** How many attempts may be under way at once, as things stand. */
  allowed(nowMs: number): number;
  /** How long until an open circuit lets a probe through; undefined when it is not open. */
  probeInMs(nowMs: number): number | undefined;
  /** An attempt starts. */
  onStart(): void;
  /** The CRM answered, whatever it answered. */
  onAnswer(): void;
  /** The CRM did not answer. */
  onUnreachable(nowMs: number, code: string): void;
  /** The CRM refused the token. */
  onUnauthorised(nowMs: number, status: number): void;
  readonly state: CircuitState;
}

export type CircuitState = 'closed' | 'open' | 'half-open';

/** Why a target is paused. */
export type PauseCause =
  { readonly kind: 'unreachable'; readonly code: string } | { readonly kind: 'unauthorised'; readonly status: number };

export interface CircuitBreakerOptions {
  readonly concurrency: number;
  readonly failureThreshold: number;
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  readonly maxPauseMs: number;
  readonly random: () => number;
  /** The circuit has opened, or is open for another reason than before. */
  readonly onPause: (cause: PauseCause) => void;
  readonly onResume: () => void;
}

type Circuit =
  | { readonly state: 'closed'; readonly failureCount: number; readonly answersSinceOutage: number }
  | {
      readonly state: 'open' | 'half-open';
      readonly cause: PauseCause;
      readonly probeAtMs: number;
      readonly probeCount: number;
    };

const answersPerStep = 10;

/** Instants are the monotonic clock's. */
export function createCircuitBreaker(options: CircuitBreakerOptions): CircuitBreaker {
  let circuit: Circuit = { state: 'closed', failureCount: 0, answersSinceOutage: Infinity };

  const open = (cause: PauseCause, nowMs: number): void => {
    const knownCause = circuit.state === 'closed' ? undefined : circuit.cause.kind;
    const probeCount = circuit.state === 'closed' ? 1 : circuit.probeCount + 1;
    const { firstDelayMs, random } = options;
    const waits = { firstDelayMs, maxDelayMs: cause.kind === 'unauthorised' ? options.maxPauseMs : options.maxDelayMs };
    // Half of the wait is certain, so that a circuit which opens does pause; the other half is drawn.
    const certainMs = backoffBoundMs(probeCount, waits) / 2;
    const drawnMs = backoffMs(probeCount, waits, random) / 2;
    circuit = { state: 'open', cause, probeAtMs: nowMs + certainMs + drawnMs, probeCount };
    // Said again when it is something else: a token has to be mended, and nobody would look for that in an outage.
    if (knownCause !== cause.kind) options.onPause(cause);
  };

  return {
    get state() {
      return circuit.state;
    },

    allowed(nowMs) {
      switch (circuit.state) {
        case 'closed':
          return Math.min(1 + Math.floor(circuit.answersSinceOutage / answersPerStep), options.concurrency);
        case 'open':
          return nowMs >= circuit.probeAtMs ? 1 : 0;
        case 'half-open':
          return 0;
      }
    },

    probeInMs: (nowMs) => (circuit.state === 'open' ? Math.max(0, circuit.probeAtMs - nowMs) : undefined),

    onStart() {
      if (circuit.state === 'open') circuit = { ...circuit, state: 'half-open' };
    },

    onAnswer() {
      if (circuit.state === 'closed') {
        circuit = { state: 'closed', failureCount: 0, answersSinceOutage: circuit.answersSinceOutage + 1 };
        return;
      }
      if (circuit.state === 'open' && circuit.cause.kind === 'unauthorised') return;
      circuit = { state: 'closed', failureCount: 0, answersSinceOutage: 1 };
      options.onResume();
    },

    onUnreachable(nowMs, code) {
      switch (circuit.state) {
        case 'closed': {
          const failureCount = circuit.failureCount + 1;
          if (failureCount >= options.failureThreshold) open({ kind: 'unreachable', code }, nowMs);
          else circuit = { ...circuit, failureCount };
          return;
        }
        case 'half-open':
          open({ kind: 'unreachable', code }, nowMs);
          return;
        case 'open':
          // A straggler from before: the wait stands as it is.
          return;
      }
    },

    onUnauthorised(nowMs, status) {
      if (circuit.state !== 'open') open({ kind: 'unauthorised', status }, nowMs);
    },
  };
}
