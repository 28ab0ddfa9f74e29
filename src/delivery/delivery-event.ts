import type { Clock } from '../core/clock.js';
import type { ErrorData } from '../core/errors.js';
import type { DeadReason, PendingNotification } from '../outbox/outbox.js';
import type { CircuitState } from './circuit.js';
import type { PauseCause } from './pause-reports.js';

/** What every event about an attempt contains. */
export interface AboutAttempt {
  readonly id: string;
  /** The target's name. */
  readonly target: string;
  readonly type: string;
  readonly lane: string;
  /** Attempts made so far, this one included if it was one. */
  readonly attempts: number;
  /** Whether any of it may have reached the CRM. If there was no connection to begin with, this was no attempt. */
  readonly wasSent: boolean;
  /** How long this attempt took, in milliseconds. */
  readonly durationMs: number;
  /** When it ended, in milliseconds since 1970. */
  readonly endedAt: number;
  /** The trace in which the notification was accepted (W3C Trace Context), if any. */
  readonly traceparent: string | undefined;
}

/** About an attempt that ends now. */
export function aboutAttempt(
  { id, target, type, lane, traceparent, attempts: earlierAttempts }: PendingNotification,
  wasSent: boolean,
  startedAtMs: number,
  clock: Clock,
): AboutAttempt {
  const durationMs = clock.monotonicMs() - startedAtMs;
  const attempts = wasSent ? earlierAttempts + 1 : earlierAttempts;
  return { id, target, type, lane, attempts, wasSent, durationMs, endedAt: clock.now(), traceparent };
}

/** What happens in the post office: ids, types, codes and numbers; nothing personal. */
export type DeliveryEvent =
  /** The CRM has it. */
  | (AboutAttempt & {
      readonly kind: 'delivered';
      readonly status: number;
      /** The reply was not JSON. */
      readonly isReplyNotJson: boolean;
      /** How long ago it was accepted, in milliseconds. */
      readonly ageMs: number;
    })
  /** An attempt failed; another will follow. */
  | (AboutAttempt & {
      readonly kind: 'retry';
      readonly status: number | undefined;
      readonly code: string | undefined;
      /** The CRM's own words, scrubbed and at most 256 characters; empty without a response. */
      readonly detail: string;
      /** Until the next attempt, in milliseconds. */
      readonly delayMs: number;
      readonly circuit: CircuitState;
    })
  /** There was no connection, so nothing was sent. The notification keeps its place, and the circuit breaker waits. */
  | (AboutAttempt & { readonly kind: 'unsent'; readonly code: string; readonly circuit: CircuitState })
  /** The CRM will never take it. */
  | (AboutAttempt & { readonly kind: 'dead'; readonly reason: DeadReason })
  /** The CRM refused the token, or this notification with it, or responded as to a wrong URL. */
  | (AboutAttempt & {
      readonly kind: 'refused';
      readonly status: number;
      /** The CRM's own words, scrubbed and at most 1024 characters. */
      readonly detail: string;
      /** Until the next attempt, in milliseconds, when the CRM takes others; 0 when the target is paused. */
      readonly delayMs: number;
    })
  | { readonly kind: 'paused'; readonly target: string; readonly cause: PauseCause }
  | { readonly kind: 'resumed'; readonly target: string }
  /** Somebody has paused delivery to a target; `by` is who, if that is known, and `since` is in milliseconds since 1970. */
  | { readonly kind: 'pausedByHand'; readonly target: string; readonly by: string | null; readonly since: number }
  | { readonly kind: 'resumedByHand'; readonly target: string; readonly by: string | null }
  /** The outbox failed at this operation; it is tried again. Emitted once for each spell of failures. */
  | { readonly kind: 'outboxFailed'; readonly operation: OutboxOperation; readonly error: ErrorData }
  /** The outbox's file was damaged, deleted or replaced, and is whole again. */
  | { readonly kind: 'outboxRepaired'; readonly message: string }
  /** The post office's thread ended or hung, and another was started. */
  | { readonly kind: 'threadRestarted'; readonly message: string }
  /** A bug in this package: an attempt threw. The notification is tried again. */
  | { readonly kind: 'deliveryFailed'; readonly target: string; readonly error: ErrorData };

export type OutboxOperation = 'open' | 'append' | 'read' | 'settle' | 'look' | 'maintain';
