import type { Clock } from '../core/clock.js';
import { CRMNotificationError, CRMOutboxError, CRMValidationError } from '../core/errors.js';
import { newNotificationId } from '../core/ids.js';
import type { Format } from '../format/format.js';
import type { Notification, NotificationDraft } from '../notification/notification.js';
import { type AcceptedNotification, crmTarget, type Room } from '../outbox/outbox.js';
import type { Acceptance, PostOffice } from '../post-office/post-office.js';
import { type Logger, type LogLevel, writeLog } from '../telemetry/logger.js';
import { createBatcher } from './batcher.js';
import type { IntakeConfig } from './intake-settings.js';
import type { EventHub } from './notifier-event.js';
import type { KnownReceipt, Receipt } from './receipt.js';

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
   * Builds, checks, serialises and hands over one notification. The receipt comes once the outbox has answered; when the outbox
   * has been silent for `holdMs` it says so, and the notification is kept in memory and handed over again.
   */
  accept(build: () => NotificationDraft, context: IntakeContext): Promise<Receipt>;
  /** Counts and logs a notification that came to nothing. */
  reject(error: CRMNotificationError, context: IntakeContext): KnownReceipt;
  /** Makes `settled` wait for work that may still end in a notification. */
  track(promise: Promise<unknown>): void;
  /** Resolves once everything that was begun is in the outbox or rejected. */
  settled(): Promise<void>;
  /** What the outbox does not take now is rejected. */
  close(): void;
  /** Whether what is told now could not be stored: the outbox is silent, or has just been full. */
  readonly isUnable: boolean;
  readonly counts: IntakeCounts;
}

export interface IntakeCounts {
  readonly accepted: number;
  readonly rejected: number;
  /** In memory, because the outbox is silent. */
  readonly unsaved: number;
}

/** Begins the span of a notification's acceptance, in the trace of its request; undefined when that fails. */
export type StartSpan = (type: string, id: string, inboundTraceparent: string | undefined) => SendSpan | undefined;

export interface SendSpan {
  /** What the CRM is sent, so that its work joins the trace; undefined where there is no trace. */
  readonly traceparent: string | undefined;
  end(errorCode?: string): void;
}

export interface IntakeOptions extends IntakeConfig {
  readonly postOffice: PostOffice;
  readonly events: EventHub;
  readonly logger: Required<Logger>;
  readonly clock: Clock;
  readonly format: Format;
  /** Undefined where nothing is traced. */
  readonly startSpan: StartSpan | undefined;
  readonly onLoggerFailure: () => void;
}

/** For so long nobody is let in to try an outbox that was full. */
const fullForMs = 1_000;

export function createIntake(options: IntakeOptions): Intake {
  const { postOffice, events, logger, clock, format, maxBodyBytes, maxUnsaved, holdMs, startSpan, onLoggerFailure } =
    options;
  const batcher = createBatcher({
    postOffice,
    clock,
    maxWaiting: maxUnsaved,
    silenceMs: holdMs,
    onSilenceOver() {
      isSilenceTold = false;
      logger.info({}, 'CRM outbox answers again');
    },
  });
  const work = createWorkCount();
  const counts = { accepted: 0, rejected: 0, unsaved: 0 };
  let isSilenceTold = false;
  let fullAtMs = -Infinity;

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

  const refuse = ({ type }: Notification, detail: string, retryable: boolean, context: IntakeContext): KnownReceipt => {
    if (retryable) fullAtMs = clock.monotonicMs();
    return reject(new CRMOutboxError(detail, { retryable }), { ...context, type });
  };

  const settle = (notification: Notification, acceptance: Acceptance, context: IntakeContext): KnownReceipt => {
    const { id, type, lane } = notification;
    if (!acceptance.accepted) {
      return refuse(notification, acceptance.detail, acceptance.reason !== 'closed', context);
    }
    counts.accepted += 1;
    if (logger.isLevelEnabled('debug')) {
      log(context, 'debug', { notificationId: id, type }, 'CRM notification accepted');
    }
    events.emit('accepted', { id, type, lane });
    return { accepted: true, id, isStored: true };
  };

  const tellSilence = ({ id, type }: Notification, context: IntakeContext): void => {
    if (isSilenceTold) return;
    isSilenceTold = true;
    const message = `CRM outbox has not answered within holdMs (${String(holdMs)}); no response is held until it does`;
    log(context, 'error', { notificationId: id, type }, message);
  };

  const handOver = (notification: Notification, span: SendSpan | undefined, context: IntakeContext): Promise<Receipt> =>
    new Promise((resolve) => {
      /** There once its receipt has been given without it. */
      let giveOutcome: ((outcome: KnownReceipt) => void) | undefined;
      const onSilence = (): void => {
        tellSilence(notification, context);
        counts.unsaved += 1;
        const outcome = new Promise<KnownReceipt>((resolveOutcome) => (giveOutcome = resolveOutcome));
        resolve({ accepted: true, id: notification.id, isStored: false, outcome });
      };
      const answer = (receipt: KnownReceipt): void => {
        span?.end(receipt.accepted ? undefined : receipt.error.code);
        if (giveOutcome === undefined) resolve(receipt);
        else {
          counts.unsaved -= 1;
          giveOutcome(receipt);
        }
        work.end();
      };
      work.begin();
      const bound = batcher.handOver(forTarget(notification), {
        onAnswer(acceptance) {
          answer(settle(notification, acceptance, context));
        },
        onSilence,
      });
      if (bound !== undefined) answer(refuse(notification, fullMemory(bound, maxUnsaved), true, context));
      else if (batcher.isSilent) onSilence();
    });

  const accept = (build: () => NotificationDraft, context: IntakeContext): Promise<Receipt> => {
    let notification: Notification;
    let span: SendSpan | undefined;
    try {
      const { traceparent: inbound, occurredAt = clock.now() } = context;
      const draft = build();
      const id = newNotificationId();
      span = startSpan?.(draft.notificationType, id, inbound);
      const traceparent = span === undefined ? inbound : span.traceparent;
      notification = format.build(draft, { id, occurredAt, traceparent, maxBodyBytes });
    } catch (error) {
      const problem = asOurs(error);
      span?.end(problem.code);
      return Promise.resolve(reject(problem, context));
    }
    return handOver(notification, span, context);
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
    get isUnable() {
      return batcher.isSilent || clock.monotonicMs() - fullAtMs < fullForMs;
    },
    counts,
  };
}

function forTarget({ id, type, lane, occurredAt, body, traceparent }: Notification): AcceptedNotification {
  return { target: crmTarget, id, type, lane, occurredAt, body, traceparent };
}

function fullMemory(bound: keyof Room, maxUnsaved: Room): string {
  return (
    `maxUnsaved.${bound} is reached (${String(maxUnsaved[bound])} in memory): the outbox stores more slowly than the app tells; ` +
    `see the disk and the log, tell less at once, let the middleware push back, or raise maxUnsaved.${bound}`
  );
}

/** What a build throws that is not ours may hold anything, so none of it is passed on. */
function asOurs(error: unknown): CRMNotificationError {
  if (error instanceof CRMNotificationError) return error;
  return new CRMValidationError([{ path: '', message: 'cannot be read or serialised' }]);
}

/** Counts what has been begun and not ended, for whoever wants to wait until nothing is left. */
export interface WorkCount {
  readonly begin: () => void;
  readonly end: () => void;
  readonly settled: () => Promise<void>;
}

function createWorkCount(): WorkCount {
  let count = 0;
  let waiting: (() => void)[] = [];
  return {
    begin() {
      count += 1;
    },
    end() {
      count -= 1;
      if (count > 0) return;
      for (const resolve of waiting) resolve();
      waiting = [];
    },
    async settled() {
      // What ends may have begun something else.
      while (count > 0) await new Promise<void>((resolve) => waiting.push(resolve));
    },
  };
}
