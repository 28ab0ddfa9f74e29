import type { IncomingHttpHeaders } from 'node:http';
import { CRMValidationError } from '../core/errors.js';
import { wireIssues, type WireNotification } from '../format/wire-notification.js';
import { isPlainObject } from '../notification/plain-json.js';
import { chooseHandler, type ChosenHandler, type NotificationHandlers } from './notification-handlers.js';
import { NotificationRejectedError } from './notification-rejected-error.js';
import type { ReceiverReports } from './receiver-reports.js';
import type { ReceiverStore } from './receiver-store.js';
import { refuse, type Refusal, type Taken } from './reply.js';

/** Handles the JSON of one notification, from a request with these headers. Never rejects. */
export type HandleNotification = (json: unknown, headers: IncomingHttpHeaders) => Promise<Taken | Refusal>;

export interface HandlingParts<Tx> {
  readonly handlers: NotificationHandlers<Tx>;
  readonly store: ReceiverStore<Tx>;
  readonly reports: ReceiverReports;
}

export function createHandling<Tx>({ handlers, store, reports }: HandlingParts<Tx>): HandleNotification {
  const underWay = new Set<string>();

  const handleOnce = async (
    notification: WireNotification,
    { handle }: ChosenHandler<Tx>,
    headers: IncomingHttpHeaders,
  ): Promise<Taken | Refusal> => {
    const { notification_id: id } = notification;
    // Kept here, as a driver may wrap what its transaction's callback throws, or an app's function keep it to itself.
    const handler: { thrown: { readonly error: unknown } | undefined } = { thrown: undefined };
    const handleIn = async (tx: Tx): Promise<void> => {
      handler.thrown = undefined;
      try {
        await handle(notification, { tx, retryCount: retryCountOf(headers), headers });
      } catch (error) {
        handler.thrown = { error };
        throw error;
      }
    };
    let outcome: 'handled' | 'duplicate' | undefined;
    try {
      outcome = await store.handleOnce(id, handleIn);
    } catch (error) {
      if (handler.thrown === undefined) {
        reports.storeFailed(error, notification);
        return storeFailed;
      }
    }
    // A transaction may be tried again, and then find what another process has done meanwhile.
    if (outcome === 'duplicate') return { kind: 'taken', isDuplicate: true };
    if (handler.thrown === undefined) return { kind: 'taken', isDuplicate: false };
    const { error } = handler.thrown;
    if (error instanceof NotificationRejectedError) return rejected(error);
    reports.handlerFailed(error, notification);
    return handlerFailed;
  };

  return async (json, headers) => {
    const type = isPlainObject(json) ? json['notification_type'] : undefined;
    const chosen = typeof type === 'string' ? chooseHandler(handlers, type) : undefined;
    const issues = wireIssues(json, chosen?.kind ?? 'notification');
    if (issues.length > 0) {
      return refuse(400, 'invalid-notification', new CRMValidationError(issues).message, { issues });
    }
    if (chosen === undefined) return noHandler;
    const notification = json as WireNotification;
    if (underWay.has(notification.notification_id)) return isUnderWay;
    underWay.add(notification.notification_id);
    try {
      return await handleOnce(notification, chosen, headers);
    } finally {
      underWay.delete(notification.notification_id);
    }
  };
}

/** The header is only informative, so an invalid one counts as 0. */
function retryCountOf({ 'x-retry-count': header }: IncomingHttpHeaders): number {
  return typeof header === 'string' && /^\d{1,9}$/.test(header) ? Number(header) : 0;
}

const maxReasonLength = 1_024;

function rejected({ message }: NotificationRejectedError): Refusal {
  return refuse(422, 'rejected', message.slice(0, maxReasonLength) || 'the handler has rejected it');
}

const retryAfterASecond = { headers: { 'retry-after': '1' } };
const noHandler = refuse(422, 'no-handler', 'there is no handler for this notification_type');
const isUnderWay = refuse(409, 'under-way', 'it is being handled at this moment', retryAfterASecond);
const handlerFailed = refuse(500, 'handler-failed', 'it could not be handled; try again');
const storeFailed = refuse(500, 'store-failed', 'it could not be remembered; try again');
