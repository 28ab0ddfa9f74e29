import type { Trouble } from '../core/trouble.js';
import type { DeadReason } from '../outbox/outbox.js';
import type { CircuitState, PauseCause } from './circuit-breaker.js';

interface AboutNotification {
  readonly id: string;
  readonly type: string;
  /** Attempts made so far, this one included. */
  readonly attempts: number;
}

/** What delivery has to tell: ids, types, codes and numbers, nothing personal. */
export type DeliveryEvent =
  | (AboutNotification & {
      readonly kind: 'delivered';
      readonly status: number;
      /** Whether the reply was something other than JSON. */
      readonly isReplyOdd: boolean;
      readonly durationMs: number;
    })
  | (AboutNotification & {
      readonly kind: 'retry';
      readonly status: number | undefined;
      readonly code: string | undefined;
      /** Until the next attempt; 0 when it is the circuit that waits. */
      readonly delayMs: number;
      readonly circuit: CircuitState;
    })
  | (AboutNotification & { readonly kind: 'dead'; readonly reason: DeadReason })
  | { readonly kind: 'paused'; readonly cause: PauseCause }
  | { readonly kind: 'resumed' }
  | { readonly kind: 'outboxError'; readonly operation: string; readonly error: Trouble };
