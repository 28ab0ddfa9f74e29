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

/** Whether the body holds a notification: it has an id and a type. */
export function isNotification({ json }: ReceivedRequest): boolean {
  return typeof json?.['notification_id'] === 'string' && typeof json['notification_type'] === 'string';
}

/** Call it only when `isNotification` is true. */
export function sentNotificationOf({ json, headers }: ReceivedRequest): SentNotification {
  const retryCount = Number(headers['x-retry-count'] ?? 0);
  return { ...(json as unknown as SentNotification), retryCount, headers };
}

/** Whether it is a notification that the fake CRM has responded to with a status from 200 to 299. */
export function isTaken(request: ReceivedRequest): boolean {
  const { method, status = 0 } = request;
  return status >= 200 && status <= 299 && method === 'POST' && isNotification(request);
}
