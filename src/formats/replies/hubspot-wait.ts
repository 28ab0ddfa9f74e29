import type { FormatReply, Outcome } from '../../format/format-definition.js';
import { memberOf } from '../shared/json-parts.js';

/**
 * What HubSpot's limits mean: whoever exceeds one gets nothing through until it ends.
 *
 * - 429 with `policyName` `DAILY`: until midnight in the account's time zone, which is not known here. One attempt an hour
 *   finds out, and every one of them counts as an error with HubSpot.
 * - Any other 429: for ten seconds, if it names no time.
 * - 423: the record is locked for about two seconds.
 * - 477: the account is being moved, for as long as `Retry-After` says.
 *
 * Undefined for all other replies.
 */
export function hubspotWait(reply: FormatReply): Outcome | undefined {
  const { status, json } = reply;
  if (status === 423) return { kind: 'retry', retryAfterMs: 2_000 };
  if (status === 477) return { kind: 'retry', retryAfterMs: askedWaitMs(reply) ?? hourMs, pausesTarget: true };
  if (status !== 429) return undefined;
  const leastMs = memberOf(json, 'policyName') === 'DAILY' ? hourMs : 10_000;
  return { kind: 'retry', retryAfterMs: Math.max(leastMs, askedWaitMs(reply) ?? 0), pausesTarget: true };
}

const hourMs = 3_600_000;

/** HubSpot writes seconds. */
function askedWaitMs({ headers }: FormatReply): number | undefined {
  const seconds = headers['retry-after'];
  return typeof seconds === 'string' && /^\d{1,6}$/.test(seconds) ? Number(seconds) * 1000 : undefined;
}
