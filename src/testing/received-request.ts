import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

/** One request as the fake CRM got it. */
export interface ReceivedRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** The body's exact bytes as UTF-8 text. */
  readonly text: string;
  /** The body's JSON, if it is an object. */
  readonly json: Readonly<Record<string, unknown>> | undefined;
  /** The status it was answered with; undefined as long as it is not answered completely, and when it never is. */
  readonly status: number | undefined;
}

/** A request whose answer is not known yet. */
export type OpenRequest = ReceivedRequest & { status: number | undefined };

/** Calls back once the whole body is there; never, when the client leaves before. */
export function readRequest(req: IncomingMessage, onRead: (request: OpenRequest) => void): void {
  const chunks: Buffer[] = [];
  req.on('data', (chunk: Buffer) => chunks.push(chunk));
  req.on('end', () => {
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
