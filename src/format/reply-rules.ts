import type { Reply, ReplyMeaning } from './format.js';

/**
 * What an HTTP status means for a notification.
 *
 * | status | meaning |
 * | --- | --- |
 * | 2xx | delivered, whatever the body is |
 * | 401, 403 | refused: the token, or this notification with it |
 * | 408, 409, 425, 429 | retry |
 * | 3xx | dead: redirects are not followed, because the token must reach no other host |
 * | any other 4xx, 501, 505 | dead: retrying would not help |
 * | any other 5xx, or a status that HTTP does not define | retry: the server's fault |
 *
 * A wrong base URL gets 3xx, 404 or 405 as well, so they say nothing about a notification before the CRM has taken one.
 */
export function meaningOfReply(reply: Reply, now: number): ReplyMeaning {
  const { status } = reply;
  if (status >= 200 && status < 300) return { kind: 'delivered', json: jsonOf(reply) };
  const retryAfterMs = parseRetryAfter(reply.headers['retry-after'], now);
  if (status === 401 || status === 403) return { kind: 'refused', retryAfterMs };
  if (isRetryable(status)) return { kind: 'retry', retryAfterMs };
  const isRedirect = status >= 300 && status < 400;
  const isAddressInDoubt = isRedirect || status === 404 || status === 405;
  return { kind: 'dead', reason: isRedirect ? 'redirect' : 'rejected', isAddressInDoubt, retryAfterMs };
}

/** Client errors that a retry may solve: RFC 9110 sections 15.5.9 and 15.5.10, RFC 8470, RFC 6585. */
const retryableClientErrors = new Set([408, 409, 425, 429]);

/** Not Implemented, and HTTP Version Not Supported. */
const finalServerErrors = new Set([501, 505]);

function isRetryable(status: number): boolean {
  if (retryableClientErrors.has(status)) return true;
  return (status >= 500 && !finalServerErrors.has(status)) || status < 200;
}

/** A reply's JSON; undefined when the body is not JSON (RFC 8259) or was not read to its end. */
export function jsonOf(reply: Reply): { readonly value: unknown } | undefined {
  if (reply.cutBy !== undefined) return undefined;
  try {
    return { value: JSON.parse(reply.body.toString('utf8')) };
  } catch {
    return undefined;
  }
}

/**
 * How long a `Retry-After` header asks to wait, in milliseconds from `now`; undefined when the header is invalid.
 *
 * RFC 9110 section 10.2.3 allows a number of seconds or one of the three HTTP-date forms of section 5.6.7. Nothing else is
 * parsed: `new Date('-5')` is a day in 2001, which would mean "at once".
 */
export function parseRetryAfter(value: string | string[] | undefined, now: number): number | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  if (/^\d{1,20}$/.test(text)) return Number(text) * 1000;
  if (!httpDateForms.some((form) => form.test(text))) return undefined;
  const instant = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(instant) ? undefined : Math.max(0, instant - now);
}

const month = '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)';
const time = String.raw`\d{2}:\d{2}:\d{2}`;

const httpDateForms = [
  // IMF-fixdate: Sun, 06 Nov 1994 08:49:37 GMT
  new RegExp(String.raw`^[A-Z][a-z]{2}, \d{2} ${month} \d{4} ${time} GMT$`),
  // RFC 850: Sunday, 06-Nov-94 08:49:37 GMT
  new RegExp(String.raw`^[A-Z][a-z]{5,8}, \d{2}-${month}-\d{2} ${time} GMT$`),
  // asctime: Sun Nov  6 08:49:37 1994
  new RegExp(String.raw`^[A-Z][a-z]{2} ${month} [ \d]\d ${time} \d{4}$`),
];
