import type { Clock } from '../core/clock.js';
import { CRMNotificationError, CRMOutboxError, CRMValidationError } from '../core/errors.js';
import { newNotificationId } from '../core/ids.js';
import { encodeNotification } from '../notification/encode-notification.js';
import type { Notification, NotificationDraft } from '../notification/notification.js';
import type { Acceptance, PostOffice } from '../post-office/post-office.js';
import { writeLog, type LogLevel, type Logger } from '../telemetry/logger.js';
import type { SendSpan, Tracing } from '../telemetry/tracing.js';
import { createBatcher } from './batcher.js';
import type { EventHub } from './event-hub.js';
import { createHoldQueue } from './hold-queue.js';
import type { Receipt } from './receipt.js';
import { createWorkCount } from './work-count.js';

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
  /**
   * Builds, checks, serialises and hands over one notification. The receipt comes within `holdMs`; when the outbox has not
   * answered by then it says so, and the notification is kept in memory and handed over again.
   */
  accept(build: () => NotificationDraft, context: IntakeContext): Promise<Receipt>;
  /** Counts and logs a notification that came to nothing. */
  reject(error: CRMNotificationError, context: IntakeContext): Receipt;
  /** Makes `settled` wait for work that may still end in a notification. */
  track(promise: Promise<unknown>): void;
  /** Resolves once everything that was begun is in the outbox or rejected. */
  settled(): Promise<void>;
  /** What the outbox does not take now is rejected. */
  close(): void;
  readonly counts: IntakeCounts;
}

export interface IntakeCounts {
  readonly accepted: number;
  readonly rejected: number;
  /** In memory, because the outbox has not answered within `holdMs`. */
  readonly unsaved: number;
}

export interface IntakeOptions {
  readonly postOffice: PostOffice;
  readonly events: EventHub;
  readonly logger: Required<Logger>;
  readonly clock: Clock;
  readonly maxBodyBytes: number;
  readonly holdMs: number;
  readonly tracing: Tracing | undefined;
  readonly onLoggerFailure: () => void;
}

/** Enough for seconds of a busy app, little enough for its memory. */
const maxUnsaved = { count: 50_000, bytes: 64 * 1024 * 1024 };

export function createIntake(options: IntakeOptions): Intake {
  const { postOffice, events, logger, clock, maxBodyBytes, holdMs, tracing, onLoggerFailure } = options;
  const batcher = createBatcher({ postOffice, clock, maxWaiting: maxUnsaved });
  const holds = createHoldQueue(clock, holdMs);
  const work = createWorkCount();
  const counts = { accepted: 0, rejected: 0, unsaved: 0 };
  /** One wait for the outbox has run out; until it answers again nobody waits for it. */
  let isOutboxSilent = false;

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

  const settle = ({ id, type, lane }: Notification, acceptance: Acceptance, context: IntakeContext): Receipt => {
    // `full` is no answer of the outbox: it may be what waits for it in memory that is full.
    if (acceptance.accepted && isOutboxSilent) {
      isOutboxSilent = false;
      logger.info({}, 'CRM outbox answers again');
    }
    if (!acceptance.accepted) {
      const { reason, detail } = acceptance;
      return reject(new CRMOutboxError(detail, { retryable: reason !== 'closed' }), { ...context, type });
    }
    counts.accepted += 1;
    if (logger.isLevelEnabled('debug')) {
      log(context, 'debug', { notificationId: id, type }, 'CRM notification accepted');
    }
    events.emit('accepted', { id, type, lane });
    return { accepted: true, id };
  };

  /** The receipt of one that the outbox has not answered for: not accepted yet, and perhaps never. */
  const unsaved = ({ id, type }: Notification, context: IntakeContext): Receipt => {
    if (!isOutboxSilent) {
      isOutboxSilent = true;
      const message = `CRM outbox has not answered within holdMs (${String(holdMs)}); no response is held until it does`;
      log(context, 'error', { notificationId: id, type }, message);
    }
    return { accepted: false, error: new CRMOutboxError('is not stored yet; it is kept in memory and tried again') };
  };

  const accept = (build: () => NotificationDraft, context: IntakeContext): Promise<Receipt> => {
    let notification: Notification;
    let span: SendSpan | undefined;
    try {
      const { traceparent: inbound, occurredAt = clock.now() } = context;
      const draft = build();
      const id = newNotificationId();
      span = tracing?.startSend(draft.notificationType, id, inbound);
      const traceparent = span === undefined ? inbound : span.traceparent;
      notification = encodeNotification(draft, { id, occurredAt, traceparent, maxBodyBytes });
    } catch (error) {
      const problem = asOurs(error);
      span?.end(problem.code);
      return Promise.resolve(reject(problem, context));
    }
    return new Promise((resolve) => {
      let isUnsaved = false;
      const giveUpWaiting = (): void => {
        isUnsaved = true;
        counts.unsaved += 1;
        resolve(unsaved(notification, context));
      };
      const held = isOutboxSilent ? undefined : holds.add(giveUpWaiting);
      if (isOutboxSilent) giveUpWaiting();
      work.begin();
      batcher.handOver(notification, (acceptance) => {
        held?.done();
        if (isUnsaved) counts.unsaved -= 1;
        const receipt = settle(notification, acceptance, context);
        span?.end(receipt.accepted ? undefined : receipt.error.code);
        resolve(receipt);
        work.end();
      });
    });
  };

  return {
    accept,
    reject,
    track(promise) {
      work.begin();
      promise.then(work.end, work.end);
    },
    settled: work.settled,
    close() {
      batcher.close();
    },
    counts,
  };
}

/** What a build throws that is not ours may hold anything, so none of it is passed on. */
function asOurs(error: unknown): CRMNotificationError {
  if (error instanceof CRMNotificationError) return error;
  return new CRMValidationError([{ path: '', message: 'cannot be read or serialised' }]);
}
