import type { FormatReply, Outcome } from '../../format/format-definition.js';
import { memberOf, textOf } from '../shared/json-parts.js';
import type { FormatReplies } from './format-replies.js';

export const segmentReplies = {
  classify: segmentOutcome,
  join: (bodies) => `{"batch":[${bodies.join(',')}]}`,
} satisfies FormatReplies;

/**
 * Segment takes a request as a whole: 200 says nothing of single events, which it checks later. It tries 410 and 460 again in
 * its own library, and says how long to wait in `X-RateLimit-Reset`, in seconds, if not in `Retry-After`.
 */
function segmentOutcome({ status, headers, json }: FormatReply): Outcome | undefined {
  if (status === 410 || status === 460) return { kind: 'retry' };
  if (status === 429 && headers['retry-after'] === undefined) {
    const seconds = headers['x-ratelimit-reset'];
    const isCount = typeof seconds === 'string' && /^\d{1,6}$/.test(seconds);
    return { kind: 'retry', retryAfterMs: isCount ? Number(seconds) * 1000 : undefined };
  }
  if (status >= 200 && status < 300 && memberOf(json, 'success') === false) {
    return { kind: 'rejected', detail: textOf(memberOf(json, 'message')) ?? 'Segment responded with success: false' };
  }
  return undefined;
}
