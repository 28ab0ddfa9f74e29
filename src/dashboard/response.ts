import type { ServerResponse } from 'node:http';
import type { Refusal } from './api-contract.js';

/** A complete response, apart from the headers that all responses have. */
export interface DashboardResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** The page may load its script, styles, icon and API from its own origin, and nothing else. */
const securityHeaders = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

const noStore = { 'cache-control': 'no-store' };
const jsonHeaders = { ...noStore, 'content-type': 'application/json; charset=utf-8' };

export function jsonResponse(value: unknown): DashboardResponse {
  return jsonBytesResponse(Buffer.from(JSON.stringify(value)));
}

export function jsonBytesResponse(body: Buffer): DashboardResponse {
  return { status: 200, headers: jsonHeaders, body };
}

/** The message must be a fixed text, so that a response never repeats parts of the request. */
export function refusal(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): DashboardResponse {
  const body: Refusal = { error: { code, message } };
  return { status, headers: { ...jsonHeaders, ...headers }, body: Buffer.from(JSON.stringify(body)) };
}

export function redirect(location: string): DashboardResponse {
  return { status: 308, headers: { ...noStore, location }, body: Buffer.alloc(0) };
}

/** Does nothing if another handler has already responded or the client has disconnected. */
export function send(res: ServerResponse, { status, headers, body }: DashboardResponse): void {
  if (res.headersSent || res.destroyed) return;
  // A 304 has no body, so it must not have a length.
  const length = status === 304 ? {} : { 'content-length': String(body.byteLength) };
  res.writeHead(status, { ...securityHeaders, ...headers, ...length });
  res.end(body);
}
