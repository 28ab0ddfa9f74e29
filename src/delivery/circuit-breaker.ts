import { backoffBoundMs } from './backoff.js';
import { type Circuit, type CircuitState, openProbeAtMs, prefersFresh } from './circuit.js';
import { nextProbe } from './next-probe.js';
import { createPauseReports, type PauseCause, type PauseReportsOptions } from './pause-reports.js';
import {
  createAddressTrust,
  createReachTrust,
  createTokenTrust,
  type KnownUrl,
  type SentAttempt,
} from './target-trust.js';

/**
 * Whether delivery may send to the CRM at all.
 *
 *   closed ── failureThreshold failures in a row to reach it ──▶ open (unreachable)
 *   closed ── it responds 401 or 403 ──▶ open (unauthorised)
 *   closed ── it responds 3xx, 404 or 405 to everything ──▶ open (misdirected)
 *   open ── the wait is over, one attempt starts ──▶ half-open
 *   half-open ── that attempt fails ──▶ open, for about twice as long
 *   open or half-open ── it responds anything else ──▶ closed
 *
 * `target-trust.ts` decides whether the CRM is down or a notification hurts it. With each failure that counts, fewer attempts
 * may be under way at once, so that only a handful fail until the circuit opens.
 *
 * `target-trust.ts` also decides whether a 401 or 403 is the token's fault. An attempt that started before the circuit opened may
 * end after it. A response to it proves that the CRM can be reached, but nothing about the token.
 *
 * After closing, delivery starts slowly: one attempt at a time, and one more with every tenth response. So a CRM that has just
 * come back does not get the whole backlog at once, and gets a small backlog in the order of acceptance.
 */
export interface CircuitBreaker {
  /** How many attempts may be under way at once now. `hasFresh`: whether a notification that never failed is ready. */
  allowed(nowMs: number, hasFresh?: () => boolean): number;
  /** How long until an open circuit lets a probe through; undefined when it is not open. */
  probeInMs(nowMs: number, hasFresh?: () => boolean): number | undefined;
  /** An open circuit lets a probe through at once. */
  probeNow(nowMs: number): void;
  /** An attempt starts. Returns its ordinal. */
  onStart(): number;
  /**
   * The CRM responded, with whatever status. `isJudged`: it took the notification, or rejected it for what is in it. Returns
   * whether that closed the circuit.
   */
  onResponse(sent?: SentAttempt, nowMs?: number, isJudged?: boolean): boolean;
  /** The CRM has not responded, or not yet. `sent` is the attempt, if it was sent. */
  onUnreachable(nowMs: number, code: string, sent?: SentAttempt): void;
  /** The CRM refused the token; `detail` is why, in its words. Returns whether the target is paused. */
  onUnauthorised(nowMs: number, status: number, refused?: SentAttempt, detail?: string): boolean;
  /** The CRM responded as to a wrong URL. Returns whether that has paused the target; if not, call `onResponse`. */
  onMisdirected(nowMs: number, status: number, sent?: SentAttempt): boolean;
  readonly state: CircuitState;
  /** Whether the target is paused for the token or the URL, so that no notification is to blame for what it got. */
  readonly isRefused: boolean;
  /** Whether the next probe should be a notification that never failed. */
  readonly prefersFresh: boolean;
  /** The longest wait until the next probe; 0 when the circuit is closed. */
  readonly probeBoundMs: number;
  /** Whether the circuit has just closed, so that it still allows fewer attempts. */
  readonly isStartingSlowly: boolean;
}

export interface CircuitBreakerOptions extends PauseReportsOptions {
  readonly concurrency: number;
  readonly failureThreshold: number;
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  readonly maxPauseMs: number;
  /** How long an attempt may take. */
  readonly timeoutMs: number;
  readonly random: () => number;
  readonly knownUrl: KnownUrl;
}

const responsesPerStep = 10;
// After the token worked, probes look for a notification that is not refused, for so many times the longest pause.
const doubtfulPauses = 10;

/** Instants are on the monotonic clock. */
export function createCircuitBreaker(options: CircuitBreakerOptions): CircuitBreaker {
  const { concurrency, failureThreshold, firstDelayMs, maxDelayMs, random, knownUrl } = options;
  const reach = createReachTrust(options);
  const latelyMs = doubtfulPauses * options.maxPauseMs;
  const token = createTokenTrust({ sureCount: failureThreshold, justNowMs: maxDelayMs, latelyMs });
  const reports = createPauseReports(options);
  const address = createAddressTrust({ sureCount: 4 * failureThreshold, knownUrl });
  let circuit: Circuit = { state: 'closed', responsesSinceOutage: Infinity };
  let startCount = 0;

  const open = (cause: PauseCause, nowMs: number, wasSent = true): void => {
    const probeCount = circuit.state === 'closed' ? 1 : circuit.probeCount + 1;
    const isTokenInDoubt = token.isInDoubt(nowMs);
    const isLong =
      cause.kind === 'unauthorised'
        ? !token.hasWorkedLately(nowMs)
        : cause.kind === 'misdirected' && !address.hasJudged;
    // What worked a moment ago is not reported as broken yet: if it is, the next probes will fail as well.
    const hasJustWorked =
      cause.kind === 'unauthorised'
        ? token.hasJustWorked(nowMs)
        : cause.kind === 'unreachable' && wasSent && reach.hasJustResponded(nowMs);
    const { probeAtMs, freshProbeAtMs } = nextProbe({ cause, probeCount, nowMs, isLong, random }, options);
    const probes = { probeAtMs, freshProbeAtMs, probeCount, lastBefore: startCount };
    circuit = { state: 'open', cause, isTokenInDoubt, wasSent, ...probes };
    reach.reset();
    reports.onPaused(cause, !hasJustWorked);
  };

  const close = (): void => {
    circuit = { state: 'closed', responsesSinceOutage: 1 };
    reports.onResumed();
  };

  /** Not an attempt that started before the circuit opened. */
  const isProbe = (sent: SentAttempt | undefined): boolean =>
    sent === undefined || circuit.state !== 'half-open' || sent.ordinal > circuit.lastBefore;

  return {
    get state() {
      return circuit.state;
    },

    get isRefused() {
      return circuit.state !== 'closed' && circuit.cause.kind !== 'unreachable';
    },

    get prefersFresh() {
      return prefersFresh(circuit);
    },

    get probeBoundMs() {
      if (circuit.state === 'closed') return 0;
      return prefersFresh(circuit) ? firstDelayMs : backoffBoundMs(circuit.probeCount, options);
    },

    get isStartingSlowly() {
      return circuit.state === 'closed' && 1 + circuit.responsesSinceOutage / responsesPerStep < concurrency;
    },

    allowed(nowMs, hasFresh = () => false) {
      switch (circuit.state) {
        case 'closed': {
          const started = 1 + Math.floor(circuit.responsesSinceOutage / responsesPerStep);
          return Math.max(1, Math.min(started, concurrency >> Math.min(reach.failureCount, 31)));
        }
        case 'open':
          return nowMs >= openProbeAtMs(circuit, hasFresh) ? 1 : 0;
        case 'half-open':
          return 0;
      }
    },

    probeInMs: (nowMs, hasFresh = () => false) =>
      circuit.state === 'open' ? Math.max(0, openProbeAtMs(circuit, hasFresh) - nowMs) : undefined,

    probeNow(nowMs) {
      if (circuit.state === 'open') circuit = { ...circuit, probeAtMs: nowMs, freshProbeAtMs: nowMs };
    },

    onStart() {
      startCount += 1;
      if (circuit.state === 'open') circuit = { ...circuit, state: 'half-open' };
      return startCount;
    },

    onResponse(sent, nowMs = -Infinity, isJudged = true) {
      reach.onResponded(sent, nowMs);
      token.onWorked(sent?.ordinal ?? startCount, nowMs);
      if (isJudged) address.onJudged();
      if (circuit.state === 'closed') {
        circuit = { state: 'closed', responsesSinceOutage: circuit.responsesSinceOutage + 1 };
        return false;
      }
      if (circuit.cause.kind === 'unauthorised' && token.isRefused) return false;
      if (circuit.cause.kind === 'misdirected' && !isJudged) {
        if (isProbe(sent)) open(circuit.cause, nowMs);
        return false;
      }
      close();
      return true;
    },

    onMisdirected(nowMs, status, sent) {
      if (!address.onMisdirected()) return false;
      reach.onResponded(sent, nowMs);
      // Nothing is known about the token: the response may not even be the CRM's.
      if (circuit.state !== 'open' && isProbe(sent)) open({ kind: 'misdirected', status }, nowMs);
      return true;
    },

    onUnreachable(nowMs, code, sent) {
      switch (circuit.state) {
        case 'closed':
          if (reach.onFailed(code, sent, startCount, nowMs))
            open({ kind: 'unreachable', code }, nowMs, sent !== undefined);
          return;
        case 'half-open':
          reach.onFailedWhileDown(sent);
          if (isProbe(sent)) open({ kind: 'unreachable', code }, nowMs, sent !== undefined);
          return;
        case 'open':
          // It started before the circuit opened: the wait does not change.
          reach.onFailedWhileDown(sent);
      }
    },

    onUnauthorised(nowMs, status, refused = { ordinal: startCount, isSuspect: false }, detail) {
      if (circuit.state === 'open') return true;
      if (!isProbe(refused)) return true;
      const isTokenToBlame = token.onRefused(refused, startCount, nowMs);
      const isMisdirected = circuit.state === 'half-open' && circuit.cause.kind === 'misdirected';
      if (!isTokenToBlame && !isMisdirected) {
        if (circuit.state === 'half-open') close();
        return false;
      }
      open({ kind: 'unauthorised', status, detail }, nowMs);
      return true;
    },
  };
}
