import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CRMConfigError } from '../core/errors.js';
import { pageHeaders } from '../core/page-headers.js';
import type { Refusal } from './api-contract.js';

/** A complete response, apart from the headers that all responses have. */
export interface DashboardResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A response whose body is made while it is sent, in pieces that fit into memory. */
export interface StreamedResponse extends Pick<DashboardResponse, 'status' | 'headers'> {
  readonly chunks: AsyncIterable<string>;
  /** When the client has taken nothing for so long, in milliseconds, it is cut off. */
  readonly maxStallMs: number;
  /** Called once it is sent, or its client has left. */
  readonly onEnd: () => void;
}

export type AnyResponse = DashboardResponse | StreamedResponse;

/** The page may load its script, styles, icon and API from its own origin, and nothing else. */
const securityHeaders = pageHeaders({ script: "'self'", style: "'self'", image: "'self'" });

const noStore = { 'cache-control': 'no-store' };
const jsonHeaders = { ...noStore, 'content-type': 'application/json; charset=utf-8' };

export function jsonResponse(value: unknown): DashboardResponse {
  return { status: 200, headers: jsonHeaders, body: Buffer.from(JSON.stringify(value)) };
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
export function send(res: ServerResponse, response: AnyResponse): void {
  if ('chunks' in response) {
    void stream(res, response).finally(response.onEnd);
    return;
  }
  if (res.headersSent || res.destroyed) return;
  const { status, headers, body } = response;
  // A 304 has no body, so it must not have a length.
  const length = status === 304 ? {} : { 'content-length': String(body.byteLength) };
  res.writeHead(status, { ...securityHeaders, ...headers, ...length });
  res.end(body);
}

/** Cuts the connection if a piece cannot be made, so that nobody takes what has arrived for the whole. */
async function stream(res: ServerResponse, { status, headers, chunks, maxStallMs }: StreamedResponse): Promise<void> {
  if (res.headersSent || res.destroyed) return;
  const { socket } = res;
  const before = socket?.timeout ?? 0;
  // A socket knows of a long write whether the client takes some of it; nothing above the socket does.
  res.setTimeout(maxStallMs, () => res.destroy());
  res.writeHead(status, { ...securityHeaders, ...headers });
  // The client has left or takes nothing, or the notifier is closed.
  await pipeline(Readable.from(chunks), res).catch(() => undefined);
  // Unless the server has set another for the connection's next request.
  if (socket?.timeout === maxStallMs) socket.setTimeout(before);
}

/** The responses with the page's files, by path. */
export type PageAssets = ReadonlyMap<string, (req: IncomingMessage) => DashboardResponse>;

const files = [
  { path: '/', file: 'index.html', type: 'text/html; charset=utf-8' },
  { path: '/dashboard.js', file: 'dashboard.js', type: 'text/javascript; charset=utf-8' },
  { path: '/dashboard.css', file: 'dashboard.css', type: 'text/css; charset=utf-8' },
  { path: '/icon.svg', file: 'icon.svg', type: 'image/svg+xml' },
];

/** Reads the files into memory. Throws `CRMConfigError` if they are missing, as in an app that is bundled into one file. */
export function readPageAssets(directory = besideTheCode()): PageAssets {
  return new Map(
    files.map(({ path, file, type }) => {
      const body = read(directory, file);
      return [path, path === '/' ? pageResponse(body, type) : assetResponse(body, type)];
    }),
  );
}

function pageResponse(body: Buffer, type: string): () => DashboardResponse {
  const response = { status: 200, headers: { 'content-type': type, 'cache-control': 'no-store' }, body };
  return () => response;
}

/** The browser stores it, but revalidates it each time, so that an upgrade shows at once. */
function assetResponse(body: Buffer, type: string): (req: IncomingMessage) => DashboardResponse {
  // Weak, because it is the same for the compressed bytes.
  const etag = `W/"${createHash('sha256').update(body).digest('base64url')}"`;
  const caching = { 'cache-control': 'private, no-cache', etag };
  const whole = { status: 200, headers: { ...caching, 'content-type': type }, body };
  const unchanged = { status: 304, headers: caching, body: Buffer.alloc(0) };
  return (req) => (req.headers['if-none-match'] === etag ? unchanged : whole);
}

function besideTheCode(): string {
  return join(__dirname, '../../dashboard');
}

function read(directory: string, file: string): Buffer {
  try {
    return readFileSync(join(directory, file));
  } catch (cause) {
    const message = `the page's file ${file} is missing beside the code; keep express-crm-notifier out of your app's bundle`;
    throw new CRMConfigError([{ path: '', message }], { cause });
  }
}
