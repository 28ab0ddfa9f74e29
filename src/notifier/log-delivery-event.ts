import type { DeliveryEvent } from '../delivery/delivery-event.js';
import type { Logger } from '../telemetry/logger.js';

/** One line for each event, at the level it deserves: INFO sent, WARN odd or to be tried again, ERROR somebody must look. */
export function logDeliveryEvent(logger: Required<Logger>, event: DeliveryEvent): void {
  switch (event.kind) {
    case 'delivered': {
      // The one event that comes for every notification.
      if (!event.isReplyOdd && !logger.isLevelEnabled('info')) return;
      const { id, type, attempts, status, durationMs } = event;
      const fields = { notificationId: id, type, attempts, status, durationMs: Math.round(durationMs) };
      if (event.isReplyOdd) logger.warn(fields, 'CRM notification sent, but the reply is not JSON');
      else logger.info(fields, 'CRM notification sent');
      return;
    }
    case 'retry': {
      const { id, type, attempts, status, code, delayMs } = event;
      const fields = { notificationId: id, type, attempts, status, code, delayMs };
      // While the circuit is open every probe fails alike, and its opening has been said.
      if (event.circuit === 'closed') logger.warn(fields, 'CRM notification not sent yet; it will be tried again');
      else logger.debug(fields, 'CRM still cannot be reached');
      return;
    }
    case 'dead': {
      const { id, type, attempts, reason } = event;
      logger.error(
        { notificationId: id, type, attempts, reason },
        'CRM will not take a notification; it is kept as a dead letter',
      );
      return;
    }
    case 'refused': {
      const { id, type, attempts, status, delayMs } = event;
      // The pause that it brings about is told once.
      if (delayMs === 0) return;
      logger.warn(
        { notificationId: id, type, attempts, status, delayMs },
        'CRM refuses this notification with a token that it takes of others; it will be tried again',
      );
      return;
    }
    case 'paused':
      if (event.cause.kind === 'unauthorised') {
        const { status } = event.cause;
        logger.error(
          { status },
          `CRM refuses the token (${String(status)}); delivery is paused and nothing is lost. Set the right CRM_AUTH_TOKEN`,
        );
      } else {
        const { code } = event.cause;
        logger.error({ code }, `CRM cannot be reached (${code}); delivery is paused and nothing is lost`);
      }
      return;
    case 'resumed':
      logger.info({}, 'CRM answers again; delivery goes on');
      return;
    case 'outboxError': {
      const { operation, error } = event;
      // What mended itself did not fail, and says what it was.
      const what = operation === 'repair' || operation === 'thread' ? '' : `${operation} failed: `;
      logger.error({ operation, err: error }, `CRM outbox: ${what}${error.message}`);
    }
  }
}
