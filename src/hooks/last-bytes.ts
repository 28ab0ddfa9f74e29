import type { ServerResponse } from 'node:http';
import { types } from 'node:util';

/** The length that a response has declared for its body; undefined when only its end shows it. */
export function declaredLength(res: Pick<ServerResponse, 'getHeader'>): number | undefined {
  const declared = contentLengthOf(res);
  if (typeof declared !== 'string' && typeof declared !== 'number') return undefined;
  const length = Number(declared);
  return Number.isSafeInteger(length) && length >= 0 ? length : undefined;
}

function contentLengthOf(res: Pick<ServerResponse, 'getHeader'>): unknown {
  try {
    // `getHeader` does not know the headers that `writeHead` was given, but node keeps this one.
    const { _contentLength: given } = res as { readonly _contentLength?: unknown };
    return onlyOne(res.getHeader('content-length')) ?? onlyOne(given);
  } catch {
    // Other middleware may have replaced `getHeader`; its failure must not leave `write`.
    return undefined;
  }
}

/** A header may be a list, as in `headersDistinct`; node sends each of its values. */
function onlyOne(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  const [first, ...others] = value as unknown[];
  return others.every((other) => String(other) === String(first)) ? first : undefined;
}

/** The number of bytes that a call of `write` adds. */
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
 * Whether an HTTP/1 response is complete with its head, because it has no body (RFC 9112 section 6.3). For HTTP/2 see
 * `isEndOfStream`.
 */
export function isHeadAll(
  res: Pick<ServerResponse, 'getHeader' | 'statusCode'> & { readonly req?: { readonly method?: string | undefined } },
): boolean {
  if ('setTrailer' in res) return false;
  const { statusCode, req } = res;
  return statusCode === 204 || statusCode === 304 || req?.method === 'HEAD' || declaredLength(res) === 0;
}
