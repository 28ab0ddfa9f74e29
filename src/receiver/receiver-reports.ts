import { callSafely } from '../core/call-safely.js';
import { describeThrown } from '../core/describe-thrown.js';
import type { WireNotification } from '../format/wire-notification.js';
import { createDefaultLogger, writeLog, type LogFields, type Logger } from '../telemetry/logger.js';

/** Which notification an error is about. */
export interface FailedNotification {
  readonly id: string;
  readonly type: string;
}

/** Called with what a handler or the store threw. If it throws or rejects itself, nothing happens. */
export type OnReceiverError = (error: unknown, notification: FailedNotification) => unknown;

/** What a receiver logs, at ERROR. Nothing here throws. */
export interface ReceiverReports {
  handlerFailed(error: unknown, notification: WireNotification): void;
  storeFailed(error: unknown, notification: WireNotification): void;
  /** The bytes that are needed are gone. Logged once. */
  bodyGone(): void;
}

/** Without a logger, pino is loaded for the first line. */
export function createReceiverReports(
  given: Logger | undefined,
  onError: OnReceiverError | undefined,
): ReceiverReports {
  let logger = given;
  let isBodyGoneLogged = false;
  const log = (fields: LogFields, message: string): void => {
    logger ??= createDefaultLogger('info');
    writeLog(logger, 'error', fields, message, ignore);
  };
  const failed = (what: string, error: unknown, notification: WireNotification): void => {
    const { notification_id: id, notification_type: type } = notification;
    const code = codeOf(error);
    log(
      { id, type, ...(code !== undefined && { code }) },
      `CRM receiver: ${what} failed with ${describeThrown(error)}`,
    );
    if (onError !== undefined) callSafely(() => onError(error, { id, type }), ignore);
  };
  return {
    handlerFailed(error, notification) {
      failed('a handler', error, notification);
    },
    storeFailed(error, notification) {
      failed('the store', error, notification);
    },
    bodyGone() {
      if (!isBodyGoneLogged) log({}, `CRM receiver: ${bodyGoneProblem}`);
      isBodyGoneLogged = true;
    },
  };
}

export const bodyGoneProblem =
  'something before it has read the body, and its exact bytes are gone. Mount the receiver before express.json(), or keep ' +
  'them: express.json({ verify: (req, _res, bytes) => { req.rawBody = bytes } })';

/** Such as `ECONNREFUSED`, or PostgreSQL's `23505`; never a sentence. */
function codeOf(error: unknown): string | undefined {
  try {
    const { code } = error as { readonly code?: unknown };
    return typeof code === 'string' && /^\w{1,64}$/.test(code) ? code : undefined;
  } catch {
    return undefined;
  }
}

function ignore(): void {
  // The line is lost, and nothing else.
}
