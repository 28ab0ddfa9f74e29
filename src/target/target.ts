import type { DeadReason, PendingNotification } from '../outbox/outbox.js';

/**
 * Where delivery sends: the CRM. Delivery knows neither HTTP nor a wire format; it asks a target to send, and goes by the
 * verdict. A second target starts here.
 */
export interface Target {
  /** Which of the outbox's entries are for it. */
  readonly name: string;
  /** Why this notification can never be sent, so that no attempt is made; undefined when it can. */
  check(notification: PendingNotification): DeadReason | undefined;
  /**
   * Makes one attempt: 1 for a notification's first. Resolves within the target's own time limit; must not reject. Once
   * `signal` is aborted the attempt ends at once, as if the time limit had passed.
   */
  send(notification: PendingNotification, attempt: number, signal?: AbortSignal): Promise<Verdict>;
  /** Cuts off the attempts under way. */
  close(): Promise<void>;
}

/**
 * What an attempt came to: what became of the notification, and how far the target was reached. Breaker, settlement, log,
 * metrics and spans all read this.
 */
export type Verdict =
  /** The target has it. */
  | {
      readonly kind: 'delivered';
      readonly reach: 'responded';
      readonly status: number;
      /** The reply was something else than JSON. */
      readonly isReplyNotJson: boolean;
    }
  /** Not now, by the target's own word. */
  | {
      readonly kind: 'retry';
      readonly reach: 'responded';
      readonly status: number;
      /** What the target asked to wait. */
      readonly retryAfterMs: number | undefined;
    }
  /** There was no response, or none that can be understood. */
  | {
      readonly kind: 'retry';
      readonly reach: 'unreachable';
      /** `ERR_CRM_TIMEOUT`, or what the system or undici calls it, such as `ECONNREFUSED`. */
      readonly code: string;
      /** Whether any of it may have reached the target. If not, this was no attempt. */
      readonly wasSent: boolean;
    }
  /** The target refuses the token, or this notification with it. */
  | { readonly kind: 'refused'; readonly reach: 'refused'; readonly status: number }
  /** The target will never take it. */
  | { readonly kind: 'dead'; readonly reach: 'responded'; readonly reason: DeadReason };

/** The code of an attempt that took too long. */
export const timeoutCode = 'ERR_CRM_TIMEOUT';
