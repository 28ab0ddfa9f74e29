import type { CircuitState } from '../delivery/circuit.js';
import type { DeliveryEvent } from '../delivery/delivery-event.js';
import { tokenFailureCode } from '../core/token-failure-code.js';
import { crmTarget } from '../outbox/outbox.js';
import { errorForLog } from '../telemetry/error-for-log.js';
import type { LogFields, Logger } from '../telemetry/logger.js';
import type { TargetUrls } from './target-urls.js';

/** Where notifications are posted, and where they wait. */
export interface LoggedPlaces {
  readonly urls: TargetUrls;
  /** The OAuth 2 servers of the targets that get their tokens from one. */
  readonly tokenHosts: ReadonlyMap<string, string>;
  /** Not in memory only. */
  readonly isOnDisk: boolean;
}

/**
 * Logs one line for each event: INFO for sent, WARN for odd or to be tried again, ERROR for what needs attention.
 */
export function logEvent(logger: Required<Logger>, event: DeliveryEvent, places: LoggedPlaces): void {
  // With one target its name says nothing.
  const target = places.urls.size > 1 && 'target' in event ? { target: event.target } : undefined;
  switch (event.kind) {
    case 'delivered': {
      // Emitted for every notification, so its fields are made only if they are logged.
      if (!event.isReplyNotJson && !logger.isLevelEnabled('info')) return;
      const { id, type, attempts, status, durationMs } = event;
      const fields = { notificationId: id, type, ...target, attempts, status, durationMs: Math.round(durationMs) };
      if (event.isReplyNotJson) logger.warn(fields, 'CRM notification sent, but the reply is not JSON');
      else logger.info(fields, 'CRM notification sent');
      return;
    }
    case 'retry': {
      const { id, type, attempts, status, code, delayMs } = event;
      const detail = event.detail === '' ? undefined : event.detail;
      logNotYet(logger, { notificationId: id, type, ...target, attempts, status, code, detail, delayMs }, event);
      return;
    }
    case 'unsent': {
      // If it goes on, the circuit opens within milliseconds, and `paused` is logged.
      const { id, type, attempts, code } = event;
      logger.debug(
        { notificationId: id, type, ...target, attempts, code },
        code === tokenFailureCode
          ? 'CRM: no token can be got; the notification keeps its place'
          : 'CRM cannot be reached; the notification keeps its place',
      );
      return;
    }
    case 'dead': {
      const { id, type, attempts, reason } = event;
      logger.error(
        { notificationId: id, type, ...target, attempts, reason },
        'CRM will not take a notification; it is kept as a dead letter',
      );
      return;
    }
    case 'refused': {
      const { id, type, attempts, status, detail, delayMs } = event;
      // It pauses delivery, and `paused` is logged once.
      if (delayMs === 0) return;
      logger.warn(
        { notificationId: id, type, ...target, attempts, status, detail, delayMs },
        'CRM refuses this notification with a token that it takes of others; it will be tried again',
      );
      return;
    }
    case 'paused':
      logPause(logger, event, places);
      return;
    case 'resumed':
      logger.info({ ...target }, 'CRM responds again; delivery goes on');
      return;
    case 'pausedByHand': {
      const { by, since } = event;
      const fields = { ...target, by, since: new Date(since).toISOString() };
      logger.info(fields, 'CRM delivery is paused by hand; notifications are accepted and wait');
      return;
    }
    case 'resumedByHand':
      logger.info({ ...target, by: event.by }, 'CRM delivery was resumed by hand');
      return;
    case 'outboxFailed': {
      const { operation, error } = event;
      logger.error({ operation, err: errorForLog(error) }, `CRM outbox: ${operation} failed: ${error.message}`);
      return;
    }
    case 'outboxRepaired':
      logger.error({}, `CRM outbox: ${event.message}`);
      return;
    case 'threadRestarted':
      logger.error({}, `CRM post office: ${event.message}`);
      return;
    case 'deliveryFailed':
      logger.error(
        { ...target, err: errorForLog(event.error) },
        `CRM delivery failed, and goes on: ${event.error.message}`,
      );
  }
}

function logPause(
  logger: Required<Logger>,
  { cause, target }: Extract<DeliveryEvent, { kind: 'paused' }>,
  places: LoggedPlaces,
): void {
  const url = String(places.urls.get(target));
  const log = (fields: LogFields, message: string): void => {
    // In memory, what waits ends with the process.
    const promised = places.isOnDisk ? message : message.replace(' and nothing is lost', '');
    const allFields = places.urls.size === 1 ? fields : { target, ...fields };
    // The variables are those of the usual target.
    const isUsual = places.urls.size === 1 && target === crmTarget;
    logger.error(allFields, isUsual ? promised : ofTarget(target, promised));
  };
  switch (cause.kind) {
    case 'unreachable':
      if (cause.code === tokenFailureCode) {
        const tokenHost = places.tokenHosts.get(target);
        const from = tokenHost ?? 'the function authToken';
        const remedy = tokenHost === undefined ? 'Mend that function' : 'Mend that server, or correct auth';
        log(
          { code: cause.code, tokenHost },
          `CRM: no token can be got from ${from} (${cause.code}); delivery is paused and nothing is lost. ${remedy}`,
        );
        return;
      }
      log(
        { code: cause.code, url },
        `CRM cannot be reached at ${url} (${cause.code}); delivery is paused and nothing is lost. To see why: npx crm-notifier check`,
      );
      return;
    case 'unauthorised':
      log(
        { status: cause.status, detail: cause.detail },
        `CRM refuses the token (${String(cause.status)}); delivery is paused and nothing is lost. Set the right CRM_AUTH_TOKEN`,
      );
      return;
    case 'misdirected':
      log(
        { status: cause.status, url },
        `CRM responds ${String(cause.status)} to every notification, as if it took none at ${url}; delivery is paused and ` +
          'nothing is lost. Correct CRM_BASE_URL, or the CRM',
      );
  }
}

/** The same message about a target with a name, with its own options; the command line knows only the variables. */
function ofTarget(target: string, message: string): string {
  return message
    .replace(/^CRM/, `CRM target ${target}`)
    .replace('. To see why: npx crm-notifier check', '')
    .replace('CRM_AUTH_TOKEN', `targets.${target}.authToken`)
    .replace('CRM_BASE_URL', `targets.${target}.baseUrl`);
}

/** While the circuit is open every probe fails alike, and its opening is logged already. */
function logNotYet(
  logger: Required<Logger>,
  fields: Readonly<Record<string, unknown>>,
  { circuit }: { readonly circuit: CircuitState },
): void {
  if (circuit === 'closed') logger.warn(fields, 'CRM notification not sent yet; it will be tried again');
  else logger.debug(fields, 'CRM still cannot be reached');
}
