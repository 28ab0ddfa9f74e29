import type { BuiltRequest } from './format-definition.js';

/** What a notification is stored as when its request has a path or headers of its own. */
export interface StoredRequest {
  /** Undefined for the format's own path. */
  readonly path: string | undefined;
  /** Alternating names and values. */
  readonly headers: readonly string[];
  readonly body: Uint8Array;
}

const start = 'POST ';

/**
 * The text to store for a request: its body alone, or with a path or headers of its own the head of an HTTP message before it
 * (RFC 9112 section 2.1), so that whoever looks into the outbox sees what will be sent.
 */
export function writeStoredRequest({ path, headers = {}, body }: BuiltRequest): string {
  const names = Object.keys(headers);
  if (path === undefined && names.length === 0 && !body.startsWith(start)) return body;
  const lines = names.map((name) => `${name}: ${String(headers[name])}\r\n`);
  return `${start}${path ?? ''} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}

/** The opposite of `writeStoredRequest`. */
export function readStoredRequest(stored: Uint8Array): StoredRequest {
  const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
  const end = bytes.subarray(0, start.length).toString('latin1') === start ? bytes.indexOf('\r\n\r\n') : -1;
  if (end === -1) return { path: undefined, headers: [], body: stored };
  const [request = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const path = request.slice(start.length, request.lastIndexOf(' '));
  const headers = lines.flatMap((line) => {
    const colon = line.indexOf(': ');
    return [line.slice(0, colon), line.slice(colon + 2)];
  });
  return { path: path === '' ? undefined : path, headers, body: bytes.subarray(end + 4) };
}
