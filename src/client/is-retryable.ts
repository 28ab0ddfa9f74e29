/** Client errors that say "not now" rather than "not like this": RFC 9110 sections 15.5.9 and 15.5.10, RFC 8470, RFC 6585. */
const retryableClientErrors = new Set([408, 409, 425, 429]);

/** Server errors that no repetition mends: not implemented, and HTTP version not supported. */
const finalServerErrors = new Set([501, 505]);

/** Whether the same request may succeed later, going by its status alone. A status that HTTP does not know counts as a fault of the server. */
export function isRetryable(status: number): boolean {
  if (retryableClientErrors.has(status)) return true;
  return (status >= 500 && !finalServerErrors.has(status)) || status < 200;
}
