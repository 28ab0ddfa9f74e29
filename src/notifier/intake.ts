import type { Clock } from '../core/clock.js';
import { CRMNotificationError, CRMOutboxError, CRMValidationError } from '../core/errors.js';
import { newNotificationId } from '../core/ids.js';
import { encodeNotification } from '../notification/encode-notification.js';
import type { Notification, NotificationDraft } from '../notification/notification.js';
import type { PostOffice } from '../post-office/post-office.js';
import { writeLog, type LogLevel, type Logger } from '../telemetry/logger.js';
import { createBatcher } from './batcher.js';
import type { EventHub } from './event-hub.js';
import type { Receipt } from './receipt.js';

/** In what request a notification was made, as far as that is known. */
export interface IntakeContext {
  /** The request's own logger. */
  readonly log?: Logger | undefined;
  readonly requestId?: string | number | undefined;
  readonly traceparent?: string | undefined;
  /** When it occurred, in milliseconds since 1970; now unless said otherwise. */
  readonly occurredAt?: number | undefined;
  /** The route of a hook, such as `POST /bookings`. */
  readonly route?: string | undefined;
  /** What the notification would have been, for the log line of one that could not even be built. */
  readonly type?: string | undefined;
}

/** Where notifications are accepted. Nothing here throws or rejects. */
export interface Intake {
  /** Builds, checks, serialises and hands over one notification. */
  accept(build: () => NotificationDraft, context: IntakeContext): Promise<Receipt>;
  /** Counts and logs a notification that came to nothing. */
  reject(error: CRMNotificationError, context: IntakeContext): Receipt;
  /** Makes `settled` wait for work that may still end in a notification. */
  track(work: Promise<unknown>): void;
  /** Resolves once everything that was begun has its receipt. */
  settled(): Promise<void>;
  readonly counts: { readonly accepted: number; readonly rejected: number };
}

export interface IntakeOptions {
  readonly postOffice: PostOffice;
  readonly events: EventHub;
  readonly logger: Required<Logger>;
  readonly clock: Clock;
  readonly maxBodyBytes: number;
  readonly onLoggerFailure: () => void;
}

export function createIntake(options: IntakeOptions): Intake {
  const { postOffice, events, logger, clock, maxBodyBytes, onLoggerFailure } = options;
  const handOver = createBatcher(postOffice);
  const begun = new Set<Promise<unknown>>();
  const counts = { accepted: 0, rejected: 0 };

  const log = (context: IntakeContext, level: LogLevel, fields: Record<string, unknown>, message: string): void => {
    const { requestId, route } = context;
    // A request's logger adds the request by itself.
    const about = context.log === undefined ? { requestId, route, ...fields } : { route, ...fields };
    writeLog(context.log ?? logger, level, about, message, onLoggerFailure);
  };

  const reject: Intake['reject'] = (error, context) => {
    counts.rejected += 1;
    // What is wrong with one notification is a warning; an outbox that takes none is an error.
    const level = error instanceof CRMOutboxError ? 'error' : 'warn';
    log(context, level, { type: context.type, err: error.toJSON() }, `CRM notification rejected: ${error.message}`);
    events.emit('rejected', { type: context.type, error });
    return { accepted: false, error };
  };

  const accept = async (build: () => NotificationDraft, context: IntakeContext): Promise<Receipt> => {
    let notification: Notification;
    try {
      const { traceparent, occurredAt = clock.now() } = context;
      notification = encodeNotification(build(), {
        id: newNotificationId(),
        occurredAt,
        traceparent,
        maxBodyBytes,
      });
    } catch (error) {
      return reject(asOurs(error), context);
    }
    const { id, type } = notification;
    const acceptance = await handOver(notification);
    if (!acceptance.accepted) {
      const { reason, detail } = acceptance;
      return reject(new CRMOutboxError(detail, { retryable: reason !== 'closed' }), { ...context, type });
    }
    counts.accepted += 1;
    if (logger.isLevelEnabled('debug'))
      log(context, 'debug', { notificationId: id, type }, 'CRM notification accepted');
    events.emit('accepted', { id, type });
    return { accepted: true, id };
  };

  const track = (work: Promise<unknown>): void => {
    begun.add(work);
    const end = (): void => {
      begun.delete(work);
    };
    work.then(end, end);
  };

  return {
    accept(build, context) {
      const receipt = accept(build, context);
      track(receipt);
      return receipt;
    },
    reject,
    track,
    async settled() {
      while (begun.size > 0) await Promise.allSettled(begun);
    },
    counts,
  };
}

/** What a build throws that is not ours may hold anything, so none of it is passed on. */
function asOurs(error: unknown): CRMNotificationError {
  if (error instanceof CRMNotificationError) return error;
  return new CRMValidationError([{ path: '', message: 'cannot be read or serialised' }]);
}
