import type { Clock } from '../core/clock.js';
import type { Trouble } from '../core/trouble.js';
import type { DeadReason, PendingNotification } from '../outbox/outbox.js';
import type { CircuitState, PauseCause } from './circuit-breaker.js';

/** What every event about an attempt says. */
export interface AboutAttempt {
  readonly id: string;
  readonly type: string;
  /** Attempts made so far, this one included. */
  readonly attempts: number;
  /** How long this attempt took, in milliseconds. */
  readonly durationMs: number;
  /** When it ended, in milliseconds since 1970. */
  readonly endedAt: number;
  /** In which trace the notification was accepted (W3C Trace Context), if in any. */
  readonly traceparent: string | undefined;
}

/** About an attempt that ends now; `attempts` counts it, if it was one. */
export function aboutAttempt(
  { id, type, traceparent }: PendingNotification,
  attempts: number,
  startedAtMs: number,
  clock: Clock,
): AboutAttempt {
  const durationMs = clock.monotonicMs() - startedAtMs;
  return { id, type, attempts, durationMs, endedAt: clock.now(), traceparent };
}

/** What delivery has to tell: ids, types, codes and numbers, nothing personal. */
export type DeliveryEvent =
  | (AboutAttempt & {
      readonly kind: 'delivered';
      readonly status: number;
      /** Whether the reply was something other than JSON. */
      readonly isReplyOdd: boolean;
      /** How long ago it was accepted, in milliseconds. */
      readonly ageMs: number;
    })
  | (AboutAttempt & {
      readonly kind: 'retry';
      readonly status: number | undefined;
      readonly code: string | undefined;
      /** Until the next attempt; 0 when it is the circuit that waits. */
      readonly delayMs: number;
      readonly circuit: CircuitState;
    })
  | (AboutAttempt & { readonly kind: 'dead'; readonly reason: DeadReason })
  /** The CRM refused the token, or this notification with it. */
  | (AboutAttempt & {
      readonly kind: 'refused';
      readonly status: number;
      /** Until the next attempt, where the CRM takes others with this token; 0 when the target is paused. */
      readonly delayMs: number;
    })
  | { readonly kind: 'paused'; readonly cause: PauseCause }
  | { readonly kind: 'resumed' }
  | { readonly kind: 'outboxError'; readonly operation: string; readonly error: Trouble };
