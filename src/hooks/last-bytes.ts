import type { ServerResponse } from 'node:http';
import { types } from 'node:util';

/** How many bytes a response has said that its body has; undefined where only its end tells. */
export function declaredLength(res: Pick<ServerResponse, 'getHeader'>): number | undefined {
  // What `writeHead` was given directly is no header that can be asked for, but node keeps this of it.
  const { _contentLength: given } = res as { readonly _contentLength?: unknown };
  const declared = onlyOne(res.getHeader('content-length')) ?? onlyOne(given);
  if (typeof declared !== 'string' && typeof declared !== 'number') return undefined;
  const length = Number(declared);
  return Number.isSafeInteger(length) && length >= 0 ? length : undefined;
}

/** A header may be a list, as in `headersDistinct`; node sends each of its values. */
function onlyOne(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  const [first, ...others] = value as unknown[];
  return others.every((other) => String(other) === String(first)) ? first : undefined;
}

/** How many bytes a call of `write` adds. */
export function lengthOfWrite([chunk, encoding]: readonly unknown[]): number {
  if (typeof chunk === 'string') {
    return Buffer.byteLength(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8');
  }
  return types.isUint8Array(chunk) ? chunk.byteLength : 0;
}

/** Whether node ends an HTTP/2 stream with the head of this response, because it has no body. */
export function isEndOfStream(res: Pick<ServerResponse, 'req'>, statusCode: unknown): boolean {
  if (!('setTrailer' in res)) return false;
  return statusCode === 204 || statusCode === 205 || statusCode === 304 || res.req.method === 'HEAD';
}

/**
 * Whether a client of HTTP/1 has all of a response with its head: it has no body (RFC 9112 section 6.3). For HTTP/2 see
 * `isEndOfStream`.
 */
export function isHeadAll(res: Pick<ServerResponse, 'getHeader' | 'statusCode' | 'req'>): boolean {
  if ('setTrailer' in res) return false;
  const { statusCode, req } = res;
  return statusCode === 204 || statusCode === 304 || req.method === 'HEAD' || declaredLength(res) === 0;
}
