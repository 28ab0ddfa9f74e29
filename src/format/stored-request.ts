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
    return colon === -1 ? ['', line] : [line.slice(0, colon), line.slice(colon + 2)];
  });
  return { path: path === '' ? undefined : path, headers, body: bytes.subarray(end + 4) };
}

/** Why a stored request cannot be sent: somebody may have edited it, or a disk damaged it. Undefined when it can. */
export function problemWithStored(stored: Uint8Array): string | undefined {
  const { path, headers } = readStoredRequest(stored);
  const pairs = headers.flatMap((name, index) => (index % 2 === 0 ? [[name, headers[index + 1]] as const] : []));
  const isRight = (path === undefined || isRequestPath(path)) && pairs.every(isRequestHeader);
  return isRight ? undefined : 'its stored path or headers have been changed and cannot be sent';
}

/** It begins with one slash, so that it leads to no other host, and is visible ASCII without a fragment. */
export function isRequestPath(path: unknown): path is string {
  return typeof path === 'string' && /^\/(?!\/)[\x21-\x22\x24-\x7e]{0,2047}$/.test(path);
}

/** What is sent with every request, or belongs to the connection (RFC 9110 section 7.6.1). */
export const forbiddenHeaders: readonly string[] = [
  'authorization',
  'connection',
  'content-length',
  'expect',
  'host',
  'idempotency-key',
  'transfer-encoding',
];

/** Names are tokens, and values visible ASCII with spaces within: RFC 9110 sections 5.1 and 5.5. */
export function isRequestHeader([name, value]: readonly [string, unknown]): boolean {
  if (!/^[a-z0-9!#$%&'*+.^_`|~-]{1,128}$/.test(name) || forbiddenHeaders.includes(name)) return false;
  return typeof value === 'string' && /^(?:[\x21-\x7e](?:[\x20-\x7e]{0,4094}[\x21-\x7e])?)?$/.test(value);
}
