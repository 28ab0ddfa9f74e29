import type { Clock } from '../core/clock.js';
import { CRMNotificationError, CRMValidationError } from '../core/errors.js';
import { newNotificationId } from '../core/ids.js';
import type { Format } from '../format/format.js';
import type { Notification, NotificationDraft } from '../notification/notification.js';
import { type AcceptedNotification, crmTarget } from '../outbox/outbox.js';

/** Starts the span of a notification's acceptance, in the trace of its request. Returns undefined when that fails. */
export type StartSpan = (type: string, id: string, inboundTraceparent: string | undefined) => SendSpan | undefined;

export interface SendSpan {
  /** Sent to the CRM, so that its spans join the trace; undefined when there is no trace. */
  readonly traceparent: string | undefined;
  end(errorCode?: string): void;
}

export interface PreparedNotification {
  readonly notification: Notification;
  readonly span: SendSpan | undefined;
}

export interface PreparationContext {
  readonly traceparent?: string | undefined;
  /** When it occurred, in milliseconds since 1970. @default now */
  readonly occurredAt?: number | undefined;
}

/** Builds, checks and serialises a notification, and starts its span. Throws only `CRMNotificationError`. */
export type PrepareNotification = (build: () => NotificationDraft, context: PreparationContext) => PreparedNotification;

export interface PreparationOptions {
  readonly clock: Clock;
  readonly format: Format;
  readonly maxBodyBytes: number;
  /** Undefined when nothing is traced. */
  readonly startSpan: StartSpan | undefined;
}

export function createPreparation({ clock, format, maxBodyBytes, startSpan }: PreparationOptions): PrepareNotification {
  return (build, { traceparent: inbound, occurredAt = clock.now() }) => {
    let span: SendSpan | undefined;
    try {
      const draft = build();
      const id = newNotificationId();
      span = startSpan?.(draft.notificationType, id, inbound);
      const traceparent = span === undefined ? inbound : span.traceparent;
      return { notification: format.build(draft, { id, occurredAt, traceparent, maxBodyBytes }), span };
    } catch (error) {
      const problem = asNotificationError(error);
      span?.end(problem.code);
      throw problem;
    }
  };
}

/** An error that is not this package's may contain anything, so none of it is passed on. */
function asNotificationError(error: unknown): CRMNotificationError {
  if (error instanceof CRMNotificationError) return error;
  return new CRMValidationError([{ path: '', message: 'cannot be read or serialised' }]);
}

export function forTarget({ id, type, lane, occurredAt, body, traceparent }: Notification): AcceptedNotification {
  return { target: crmTarget, id, type, lane, occurredAt, body, traceparent };
}
