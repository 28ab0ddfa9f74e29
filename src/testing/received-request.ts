import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { WireBookingRecord, WireNotification } from '../format/wire-notification.js';

/** One request, as the fake CRM received it. */
export interface ReceivedRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** The body's exact bytes, as UTF-8 text. */
  readonly text: string;
  /** The body parsed as JSON, if that is an object. */
  readonly json: Readonly<Record<string, unknown>> | undefined;
  /** The status of the response; undefined until the response is complete. */
  readonly status: number | undefined;
}

/** A request whose response is not complete yet. */
export type OpenRequest = ReceivedRequest & { status: number | undefined };

/** A notification that the fake CRM took: its fields by their names on the wire, and how it arrived. */
export interface SentNotification extends WireNotification, WireBookingRecord {
  /** How many attempts came before this one, from the header `X-Retry-Count`. */
  readonly retryCount: number;
  /** The headers of the request that brought it. */
  readonly headers: IncomingHttpHeaders;
}

/** Far more than any notification has, and little enough to keep in memory. */
const maxBodyBytes = 16 * 1_048_576;

/**
 * Calls back once the whole body has arrived; never if the client disconnects first. `onTooLarge` is called instead, at once, for
 * a body of more than 16 MiB.
 */
export function readRequest(
  req: IncomingMessage,
  onRead: (request: OpenRequest) => void,
  onTooLarge: () => void,
): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  req.on('data', (chunk: Buffer) => {
    const wasTooLarge = bytes > maxBodyBytes;
    bytes += chunk.length;
    if (bytes <= maxBodyBytes) chunks.push(chunk);
    else if (!wasTooLarge) {
      chunks.length = 0;
      onTooLarge();
    }
  });
  req.on('end', () => {
    if (bytes > maxBodyBytes) return;
    const text = Buffer.concat(chunks).toString('utf8');
    const { method = '', url = '', headers } = req;
    onRead({ method, url, headers, text, json: parseObject(text), status: undefined });
  });
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the body holds a notification, or only notifications, as `POST /notify/batch` has several. */
export function isNotification(request: ReceivedRequest): boolean {
  return sentNotificationsOf(request).length > 0;
}

/** The notifications of a body: one or several, each with an id and a type; none if it holds anything else. */
export function sentNotificationsOf({ json, headers }: ReceivedRequest): readonly SentNotification[] {
  const several = json?.['notifications'];
  const bodies: readonly unknown[] = Array.isArray(several) ? several : [json];
  const retryCount = Number(headers['x-retry-count'] ?? 0);
  return bodies.every(hasIdAndType)
    ? bodies.map((body) => ({ ...(body as SentNotification), retryCount, headers }))
    : [];
}

function hasIdAndType(body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return false;
  const { notification_id: id, notification_type: type } = body as Partial<SentNotification>;
  return typeof id === 'string' && typeof type === 'string';
}

/** Whether the fake CRM has responded to its notifications with a status from 200 to 299. */
export function isTaken(request: ReceivedRequest): boolean {
  const { method, status = 0 } = request;
  return status >= 200 && status <= 299 && method === 'POST' && isNotification(request);
}
