import type { Clock } from '../core/clock.js';
import { type CRMNotificationError, CRMOutboxError } from '../core/errors.js';
import type { NotificationDraft } from '../notification/notification.js';
import type { Room } from '../outbox/outbox.js';
import type { Acceptance, PostOffice } from '../post-office/post-office.js';
import { errorForLog } from '../telemetry/error-for-log.js';
import { type Logger, type LogLevel, writeLog } from '../telemetry/logger.js';
import { createBatcher } from './batcher.js';
import type { IntakeConfig } from './intake-settings.js';
import type { EventHub } from './notifier-event.js';
import type { PreparationContext, PreparedNotification, PrepareNotification } from './prepare-notification.js';
import type { KnownReceipt, Receipt } from './receipt.js';

/** The request in which a notification was made, as far as it is known. */
export interface IntakeContext extends PreparationContext {
  /** The request's own logger. */
  readonly log?: Logger | undefined;
  readonly requestId?: string | number | undefined;
  /** The route of a hook, such as `POST /bookings`. */
  readonly route?: string | undefined;
  /** The notification's type, for the log line when it could not even be built. */
  readonly type?: string | undefined;
}

/** Where notifications are accepted. Nothing here throws or rejects. */
export interface Intake {
  /**
   * Builds, checks, serialises and hands over one notification. Resolves with the receipt once the outbox has stored or refused
   * it. After `holdMs` of silence the receipt has `isStored: false`; the notification stays in memory and is handed over again.
   */
  accept(build: () => NotificationDraft, context: IntakeContext): Promise<Receipt>;
  /** Counts and logs a notification that will not be sent, and emits `rejected`. */
  reject(error: CRMNotificationError, context: IntakeContext): KnownReceipt;
  /** Makes `settled` wait for work that may still end in a notification. */
  track(promise: Promise<unknown>): void;
  /** Resolves once everything that was begun is in the outbox or rejected. */
  settled(): Promise<void>;
  /** Stops retrying: from now on, what the outbox does not take at once is rejected. */
  close(): void;
  /** Whether a notification made now could not be stored: the outbox is silent, or has just been full. */
  readonly isUnableToStore: boolean;
  readonly counts: IntakeCounts;
}

export interface IntakeCounts {
  readonly accepted: number;
  readonly rejected: number;
  /** In memory, because the outbox is silent. */
  readonly unsaved: number;
}

/** What an intake counts. */
export interface IntakeTally {
  accepted: number;
  rejected: number;
  unsaved: number;
}

export interface IntakeOptions extends IntakeConfig {
  readonly postOffice: PostOffice;
  readonly events: EventHub;
  readonly logger: Required<Logger>;
  readonly clock: Clock;
  readonly prepare: PrepareNotification;
  readonly tally: IntakeTally;
  readonly onLoggerFailure: () => void;
}

/** How long an outbox that was full still counts as full, in milliseconds. */
const fullForMs = 1_000;

export function createIntake(options: IntakeOptions): Intake {
  const { postOffice, events, logger, clock, prepare, tally: counts, maxUnsaved, holdMs, onLoggerFailure } = options;
  const batcher = createBatcher({
    postOffice,
    clock,
    maxWaiting: maxUnsaved,
    silenceMs: holdMs,
    onSilenceOver() {
      isSilenceLogged = false;
      logger.info({}, 'CRM outbox responds again');
    },
  });
  const work = createWorkCount();
  let isSilenceLogged = false;
  let fullAtMs = -Infinity;

  const log = (context: IntakeContext, level: LogLevel, fields: Record<string, unknown>, message: string): void => {
    const { requestId, route } = context;
    // A request's logger adds the request's id itself.
    const allFields = context.log === undefined ? { requestId, route, ...fields } : { route, ...fields };
    writeLog(context.log ?? logger, level, allFields, message, onLoggerFailure);
  };

  const reject: Intake['reject'] = (error, context) => {
    counts.rejected += 1;
    // One bad notification is a warning; an outbox that takes none is an error.
    const level = error instanceof CRMOutboxError ? 'error' : 'warn';
    log(context, level, { type: context.type, err: errorForLog(error) }, `CRM notification rejected: ${error.message}`);
    events.emit('rejected', { type: context.type, error });
    return { accepted: false, error };
  };

  const rejectUnstored = (type: string, detail: string, retryable: boolean, context: IntakeContext): KnownReceipt => {
    if (retryable) fullAtMs = clock.monotonicMs();
    return reject(new CRMOutboxError(detail, { retryable }), { ...context, type });
  };

  const receiptFor = (
    { id, type, lane }: PreparedNotification,
    acceptance: Acceptance,
    context: IntakeContext,
  ): KnownReceipt => {
    if (!acceptance.accepted) {
      return rejectUnstored(type, acceptance.detail, acceptance.reason !== 'closed', context);
    }
    counts.accepted += 1;
    if (logger.isLevelEnabled('debug')) {
      log(context, 'debug', { notificationId: id, type }, 'CRM notification accepted');
    }
    events.emit('accepted', { id, type, lane });
    return { accepted: true, id, isStored: true };
  };

  const logSilence = ({ id, type }: PreparedNotification, context: IntakeContext): void => {
    if (isSilenceLogged) return;
    isSilenceLogged = true;
    const message = `CRM outbox has not responded within holdMs (${String(holdMs)}); no response is held until it does`;
    log(context, 'error', { notificationId: id, type }, message);
  };

  const handOver = (notification: PreparedNotification, context: IntakeContext): Promise<Receipt> =>
    new Promise((resolve) => {
      /** Set once an `isStored: false` receipt was returned. */
      let resolveOutcome: ((outcome: KnownReceipt) => void) | undefined;
      const onSilence = (): void => {
        logSilence(notification, context);
        counts.unsaved += 1;
        const outcome = new Promise<KnownReceipt>((resolveLater) => (resolveOutcome = resolveLater));
        resolve({ accepted: true, id: notification.id, isStored: false, outcome });
      };
      const finish = (receipt: KnownReceipt): void => {
        notification.span?.end(receipt.accepted ? undefined : receipt.error.code);
        if (resolveOutcome === undefined) resolve(receipt);
        else {
          counts.unsaved -= 1;
          resolveOutcome(receipt);
        }
        work.end();
      };
      work.begin();
      const reachedBound = batcher.handOver(notification.entries, {
        onAcceptance(acceptance) {
          finish(receiptFor(notification, acceptance, context));
        },
        onSilence,
      });
      if (reachedBound !== undefined) {
        finish(rejectUnstored(notification.type, memoryFullMessage(reachedBound, maxUnsaved), true, context));
      } else if (batcher.isSilent) onSilence();
    });

  const accept = (build: () => NotificationDraft, context: IntakeContext): Promise<Receipt> => {
    let prepared: PreparedNotification;
    try {
      prepared = prepare(build, context);
    } catch (error) {
      return Promise.resolve(reject(error as CRMNotificationError, context));
    }
    return handOver(prepared, context);
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
    get isUnableToStore() {
      return batcher.isSilent || clock.monotonicMs() - fullAtMs < fullForMs;
    },
    counts,
  };
}

function memoryFullMessage(bound: keyof Room, maxUnsaved: Room): string {
  return (
    `maxUnsaved.${bound} is reached (${String(maxUnsaved[bound])} in memory): the outbox stores more slowly than the app notifies; ` +
    `see the disk and the log, tell less at once, let the middleware push back, or raise maxUnsaved.${bound}`
  );
}

/** Counts the work that has begun and not ended, and waits until none is left. */
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
      // Work that ended may have begun more.
      while (count > 0) await new Promise<void>((resolve) => waiting.push(resolve));
    },
  };
}
