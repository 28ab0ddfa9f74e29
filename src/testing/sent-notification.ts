import type { IncomingHttpHeaders } from 'node:http';
import type { ReceivedRequest } from './received-request.js';

/** A notification that the fake CRM has taken: the fields of the wire under their names there, and how it arrived. */
export interface SentNotification {
  /** The same on every attempt. */
  readonly notification_id: string;
  readonly notification_type: string;
  readonly user_id: number | string;
  readonly message: string;
  /** When it occurred, in ISO 8601. */
  readonly timestamp: string;
  readonly additional_data: Readonly<Record<string, unknown>>;
  /** Only with a booking record, like the three that follow. */
  readonly booking_id?: number | string;
  readonly user?: { readonly id: number | string; readonly name: string; readonly email: string };
  readonly event?: { readonly id: number | string; readonly title: string; readonly start_date: string };
  readonly facilitator_id?: number | string;
  /** How many attempts were made before this one, as `X-Retry-Count` says. */
  readonly retryCount: number;
  /** Of the request that brought it. */
  readonly headers: IncomingHttpHeaders;
}

/** Whether a request's body has what makes a notification one: its id and its type. */
export function isNotification({ json }: ReceivedRequest): boolean {
  return typeof json?.['notification_id'] === 'string' && typeof json['notification_type'] === 'string';
}

/** Only for a request of which `isNotification` is true. */
export function sentNotificationOf({ json, headers }: ReceivedRequest): SentNotification {
  const retryCount = Number(headers['x-retry-count'] ?? 0);
  return { ...(json as unknown as SentNotification), retryCount, headers };
}
