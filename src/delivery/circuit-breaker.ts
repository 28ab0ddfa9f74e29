import { backoffBoundMs, backoffMs } from './backoff.js';
import { createReachTrust, createTokenTrust, type SentAttempt } from './target-trust.js';

/**
 * Whether delivery may ask the CRM at all.
 *
 *   closed ── failureThreshold failures in a row to reach it ──▶ open (unreachable)
 *   closed ── it answers 401 or 403 ──▶ open (unauthorised)
 *   open ── the wait is over, one attempt starts ──▶ half-open
 *   half-open ── that attempt fails ──▶ open, for about twice as long
 *   open or half-open ── it answers anything else ──▶ closed
 *
 * A CRM that is down has to be told from a notification that hurts it, which is `target-trust.ts`'s business. With each failure that
 * counts fewer may be under way at once, so that it stays a handful until the circuit opens.
 *
 * What a 401 or 403 says of the token is `target-trust.ts`'s business. An attempt that started before the circuit opened may
 * end after it. That the CRM answers it is good news about its reach, but says nothing about the token.
 *
 * After closing, delivery starts slowly: one attempt at a time, and one more with every tenth answer, so that a CRM that
 * has just come back is not met by everything that has piled up, and gets a small backlog just as it was accepted.
 */
export interface CircuitBreaker {
  /** How many attempts may be under way at once, as things stand. `hasFresh` tells whether one is ready that never failed. */
  allowed(nowMs: number, hasFresh?: () => boolean): number;
  /** How long until an open circuit lets a probe through; undefined when it is not open. */
  probeInMs(nowMs: number, hasFresh?: () => boolean): number | undefined;
  /** An attempt starts; answers its ordinal. */
  onStart(): number;
  /** The CRM answered, whatever it answered; answers whether the circuit has closed with that. */
  onAnswer(sent?: SentAttempt, nowMs?: number): boolean;
  /** The CRM did not answer, or does not: `sent` says of which attempt, if it had left. */
  onUnreachable(nowMs: number, code: string, sent?: SentAttempt): void;
  /** The CRM refused the token; answers whether the target is paused for that. */
  onUnauthorised(nowMs: number, status: number, refused?: SentAttempt): boolean;
  readonly state: CircuitState;
  /** Whether the next probe had better be one that never failed. */
  readonly prefersFresh: boolean;
  /** The longest wait until the next probe; 0 when it is closed. */
  readonly probeBoundMs: number;
  /** Whether it has just closed, and allows fewer than it will. */
  readonly isStartingSlowly: boolean;
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
  /** How long an attempt may take. */
  readonly timeoutMs: number;
  readonly random: () => number;
  /** The circuit has opened, or is open for another reason than before. */
  readonly onPause: (cause: PauseCause) => void;
  readonly onResume: () => void;
}

type Circuit =
  | { readonly state: 'closed'; readonly answersSinceOutage: number }
  | {
      readonly state: 'open' | 'half-open';
      readonly cause: PauseCause;
      readonly probeAtMs: number;
      /** When one that never failed may be the probe, as long as it is not sure that the others are not to blame. */
      readonly freshProbeAtMs: number;
      /** Whether it may be that only the notifications are refused which were tried. */
      readonly isTokenInDoubt: boolean;
      /** Of which kind of cause `onPause` knows. */
      readonly known: PauseCause['kind'] | undefined;
      /** Whether connections are made, at least. */
      readonly wasSent: boolean;
      readonly probeCount: number;
      /** Attempts up to this one are no probes. */
      readonly lastBefore: number;
    };

const answersPerStep = 10;
// So many probes look for one that is answered before it is taken for sure that none is.
const searchCount = 200;
// For so many of the longest pauses after the token was taken the probes look for a notification that is not refused.
const doubtfulPauses = 10;

/** Instants are the monotonic clock's. */
export function createCircuitBreaker(options: CircuitBreakerOptions): CircuitBreaker {
  const { concurrency, failureThreshold, firstDelayMs, maxDelayMs, random } = options;
  const reach = createReachTrust(options);
  const ofLateMs = doubtfulPauses * options.maxPauseMs;
  const token = createTokenTrust({ sureCount: failureThreshold, justNowMs: maxDelayMs, ofLateMs });
  let circuit: Circuit = { state: 'closed', answersSinceOutage: Infinity };
  let startCount = 0;

  const open = (cause: PauseCause, nowMs: number, wasSent = true): void => {
    const probeCount = circuit.state === 'closed' ? 1 : circuit.probeCount + 1;
    const isTokenInDoubt = token.isInDoubt(nowMs);
    const isLong = cause.kind === 'unauthorised' && !token.wasTakenOfLate(nowMs);
    const before = circuit.state === 'closed' ? undefined : circuit.known;
    // What worked a moment ago is not said to be out of order yet: should it be, the next probes will fail as well.
    const hasJustWorked =
      cause.kind === 'unauthorised' ? token.wasTakenJustNow(nowMs) : wasSent && reach.wasJustAnswered(nowMs);
    const known = hasJustWorked ? before : cause.kind;
    const waits = { firstDelayMs, maxDelayMs: isLong ? options.maxPauseMs : maxDelayMs };
    // Half of the wait is certain, so that a circuit which opens does pause; the other half is drawn.
    const waitMs = backoffBoundMs(probeCount, waits) / 2 + backoffMs(probeCount, waits, random) / 2;
    const probeAtMs = nowMs + waitMs;
    const freshProbeAtMs = nowMs + Math.min(waitMs, cause.kind === 'unauthorised' ? maxDelayMs : firstDelayMs);
    const probes = { probeAtMs, freshProbeAtMs, probeCount, lastBefore: startCount };
    circuit = { state: 'open', cause, known, isTokenInDoubt, wasSent, ...probes };
    reach.reset();
    // Said again when it is something else: a token has to be mended, and nobody would look for that in an outage.
    if (known !== before) options.onPause(cause);
  };

  const close = (): void => {
    const isKnown = circuit.state !== 'closed' && circuit.known !== undefined;
    circuit = { state: 'closed', answersSinceOutage: 1 };
    if (isKnown) options.onResume();
  };

  const prefersFresh = (): boolean => {
    if (circuit.state === 'closed') return false;
    if (circuit.cause.kind === 'unauthorised') return circuit.isTokenInDoubt;
    return circuit.wasSent && circuit.probeCount <= searchCount;
  };

  const openProbeAtMs = (hasFresh: () => boolean): number => {
    if (circuit.state !== 'open') return Infinity;
    const { probeAtMs, freshProbeAtMs } = circuit;
    return freshProbeAtMs < probeAtMs && prefersFresh() && hasFresh() ? freshProbeAtMs : probeAtMs;
  };

  return {
    get state() {
      return circuit.state;
    },

    get prefersFresh() {
      return prefersFresh();
    },

    get probeBoundMs() {
      if (circuit.state === 'closed') return 0;
      return prefersFresh() ? firstDelayMs : backoffBoundMs(circuit.probeCount, options);
    },

    get isStartingSlowly() {
      return circuit.state === 'closed' && 1 + circuit.answersSinceOutage / answersPerStep < concurrency;
    },

    allowed(nowMs, hasFresh = () => false) {
      switch (circuit.state) {
        case 'closed': {
          const started = 1 + Math.floor(circuit.answersSinceOutage / answersPerStep);
          return Math.max(1, Math.min(started, concurrency >> Math.min(reach.failureCount, 31)));
        }
        case 'open':
          return nowMs >= openProbeAtMs(hasFresh) ? 1 : 0;
        case 'half-open':
          return 0;
      }
    },

    probeInMs: (nowMs, hasFresh = () => false) =>
      circuit.state === 'open' ? Math.max(0, openProbeAtMs(hasFresh) - nowMs) : undefined,

    onStart() {
      startCount += 1;
      if (circuit.state === 'open') circuit = { ...circuit, state: 'half-open' };
      return startCount;
    },

    onAnswer(sent, nowMs = -Infinity) {
      reach.onAnswered(sent, nowMs);
      token.onTaken(sent?.ordinal ?? startCount, nowMs);
      if (circuit.state === 'closed') {
        circuit = { state: 'closed', answersSinceOutage: circuit.answersSinceOutage + 1 };
        return false;
      }
      if (circuit.cause.kind === 'unauthorised' && token.isRefused) return false;
      close();
      return true;
    },

    onUnreachable(nowMs, code, sent) {
      switch (circuit.state) {
        case 'closed':
          if (reach.onFailed(code, sent, startCount, nowMs))
            open({ kind: 'unreachable', code }, nowMs, sent !== undefined);
          return;
        case 'half-open':
          reach.onFailedMeanwhile(sent);
          // Not one that has been under way since before.
          if (sent === undefined || sent.ordinal > circuit.lastBefore)
            open({ kind: 'unreachable', code }, nowMs, sent !== undefined);
          return;
        case 'open':
          // A straggler from before: the wait stands as it is.
          reach.onFailedMeanwhile(sent);
      }
    },

    onUnauthorised(nowMs, status, refused = { ordinal: startCount, isSuspect: false }) {
      if (circuit.state === 'open') return true;
      if (circuit.state === 'half-open' && refused.ordinal <= circuit.lastBefore) return true;
      if (!token.onRefused(refused, startCount, nowMs)) {
        if (circuit.state === 'half-open') close();
        return false;
      }
      open({ kind: 'unauthorised', status }, nowMs);
      return true;
    },
  };
}
