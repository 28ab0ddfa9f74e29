import { v7 } from 'uuid';

/**
 * A new notification id: a UUIDv7 (RFC 9562 section 5.7), so the ids of a process sort in the order they were made.
 */
export function newNotificationId(): string {
  return v7();
}

/**
 * When a notification was accepted, in milliseconds since 1970, as its id says (RFC 9562 section 5.7); undefined for an id of another
 * kind.
 */
export function acceptedAtOf(id: string): number | undefined {
  const [, high, low] = /^([\da-f]{8})-([\da-f]{4})-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/i.exec(id) ?? [];
  return high === undefined || low === undefined ? undefined : parseInt(high + low, 16);
}

// version - trace id - parent id - flags, in lower case; version ff and ids of only zeros are invalid.
const traceparentPattern = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** A request's `traceparent` header; undefined if it is not valid (W3C Trace Context section 3.2), to ignore it completely. */
export function validTraceparent(header: unknown): string | undefined {
  return typeof header === 'string' && traceparentPattern.test(header) ? header : undefined;
}
