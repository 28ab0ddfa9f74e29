import type { DeadReason, PendingNotification } from '../outbox/outbox.js';

/**
 * Where delivery sends: the CRM. Delivery knows neither HTTP nor a wire format; it calls a target's `send` and acts on the
 * verdict. To add a second target, start here.
 */
export interface Target {
  /** The target's name in the outbox's entries. */
  readonly name: string;
  /** Why this notification can never be sent, so that no attempt is made; undefined when it can. */
  check(notification: PendingNotification): DeadReason | undefined;
  /** How many may be sent in one attempt. Undefined: only one. */
  readonly batch: BatchLimits | undefined;
  /**
   * Makes one attempt to send these, in one request. Resolves to a verdict for each, within the target's own time limit; must not
   * reject. Aborting `signal` ends the attempt at once, as if the time limit had passed.
   */
  send(notifications: readonly PendingNotification[], signal?: AbortSignal): Promise<readonly Verdict[]>;
  /** Cuts off the attempts under way. */
  close(): Promise<void>;
}

/** How many notifications one attempt may send. */
export interface BatchLimits {
  /** Falls when the target says that a request was too large, and grows back slowly while it takes such requests. */
  readonly maxCount: number;
  /** Of their bodies together. */
  readonly maxBytes: number;
  /** Whether this one may be sent with others. */
  mayShare(notification: PendingNotification): boolean;
}

/**
 * The outcome of an attempt: what became of the notification, and how far the target was reached. Breaker, settlement, log,
 * metrics and spans all read this.
 */
export type Verdict =
  /** The target has it. */
  | {
      readonly kind: 'delivered';
      readonly reach: 'responded';
      readonly status: number;
      /** The reply was not JSON. */
      readonly isReplyNotJson: boolean;
    }
  /** The target responded that it cannot take it now. */
  | {
      readonly kind: 'retry';
      readonly reach: 'responded';
      readonly status: number;
      /** How long the target asked to wait, in milliseconds, if it did. */
      readonly retryAfterMs: number | undefined;
      /** Whether it takes nothing else either until then. */
      readonly pausesTarget: boolean;
      /** Whether the reply says so of a request with several, and not of each of them. */
      readonly isOfSeveral: boolean;
      /** Why, in the beginning of the reply's words, scrubbed as that of a refusal. */
      readonly detail: string;
    }
  /** There was no response, or none that could be understood. */
  | {
      readonly kind: 'retry';
      readonly reach: 'unreachable';
      /** `ERR_CRM_TIMEOUT`, or the code of the system or of undici, such as `ECONNREFUSED`. */
      readonly code: string;
      /** Whether any of it may have reached the target. If not, this was no attempt. */
      readonly wasSent: boolean;
    }
  /** The target refuses the token, or this notification with it. */
  | {
      readonly kind: 'refused';
      readonly reach: 'refused';
      readonly status: number;
      /** Why, in the reply's words, without the token and anything personal of what was sent. */
      readonly detail: string;
    }
  /** The target will never take it; or, `misdirected`, this is not where it takes notifications. */
  | {
      readonly kind: 'dead';
      readonly reach: 'responded' | 'misdirected';
      readonly reason: DeadReason & { readonly status: number };
      /** Whether the reply says so of a request with several, and not of each of them: then one of them may be to blame. */
      readonly isOfSeveral: boolean;
    };

/** The code of an attempt that took too long. */
export const timeoutCode = 'ERR_CRM_TIMEOUT';
