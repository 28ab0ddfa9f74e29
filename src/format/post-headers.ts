import type { Post } from './format.js';

/**
 * The headers of every POST, as alternating names and values. `Idempotency-Key` is sent without quotes, as most receivers expect.
 */
export function postHeaders(
  { id, traceparent, attempt }: Omit<Post, 'body'>,
  contentType = 'application/json',
): string[] {
  const headers = ['content-type', contentType, 'idempotency-key', id];
  if (traceparent !== undefined && isHeaderValue(traceparent)) headers.push('traceparent', traceparent);
  if (attempt > 1) headers.push('x-retry-count', String(attempt - 1));
  return headers;
}

/** The headers of a POST with several notifications. Its `Idempotency-Key` is the same whenever it has the same ones. */
export function batchHeaders(
  posts: readonly Pick<Post, 'attempt'>[],
  key: string,
  contentType = 'application/json',
): string[] {
  const attempt = posts.reduce((most, post) => Math.max(most, post.attempt), 1);
  return postHeaders({ id: key, attempt }, contentType);
}

/** Why a stored notification can never be sent; undefined when it can. */
export function problemWith({ id }: Pick<Post, 'id'>): string | undefined {
  return isHeaderValue(id) ? undefined : 'its stored id has been changed and cannot be sent';
}

/**
 * Whether a text can be sent as a header's value: visible ASCII, and no longer than servers accept. Our own ids are; a stored one
 * may have been edited, and a line break in it would start another header.
 */
function isHeaderValue(text: string): boolean {
  return /^[\x21-\x7e]{1,256}$/.test(text);
}
