import type { ServerResponse } from 'node:http';
import type { Refusal } from './api-contract.js';

/** A whole response, apart from the headers that all have. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Only what the page needs: its script, its styles, its icon and its API, all from where it comes from itself. */
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

export function jsonAnswer(value: unknown): Answer {
  return jsonBytesAnswer(Buffer.from(JSON.stringify(value)));
}

export function jsonBytesAnswer(body: Buffer): Answer {
  return { status: 200, headers: jsonHeaders, body };
}

/** The message is one of ours, and repeats nothing of the request. */
export function refusal(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const body: Refusal = { error: { code, message } };
  return { status, headers: { ...jsonHeaders, ...headers }, body: Buffer.from(JSON.stringify(body)) };
}

export function redirect(location: string): Answer {
  return { status: 308, headers: { ...noStore, location }, body: Buffer.alloc(0) };
}

/** Nothing comes of it when somebody else has answered meanwhile, or nobody listens any more. */
export function send(res: ServerResponse, { status, headers, body }: Answer): void {
  if (res.headersSent || res.destroyed) return;
  // A status without a body has no length either.
  const length = status === 304 ? {} : { 'content-length': String(body.byteLength) };
  res.writeHead(status, { ...securityHeaders, ...headers, ...length });
  res.end(body);
}
