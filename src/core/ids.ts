import { v7 } from 'uuid';

/**
 * A new notification id: a UUIDv7 (RFC 9562 section 5.7), so ids made one after another in a process sort in that order.
 */
export function newNotificationId(): string {
  return v7();
}

// version - trace id - parent id - flags, in lower case; version ff and ids of zeros are invalid.
const form = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** A request's `traceparent` header if it is valid (W3C Trace Context section 3.2), else undefined: then it is ignored whole. */
export function validTraceparent(header: unknown): string | undefined {
  return typeof header === 'string' && form.test(header) ? header : undefined;
}
