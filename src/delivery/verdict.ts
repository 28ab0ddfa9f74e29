import type { Exchange } from '../client/exchange.js';
import { isRetryable } from '../client/is-retryable.js';
import { isSuccess, parseReply, type Reply } from '../client/reply.js';
import { parseRetryAfter } from '../client/retry-after.js';
import type { DeadReason } from '../outbox/outbox.js';

/** What an attempt's outcome means. */
export type Verdict =
  | { readonly kind: 'delivered'; readonly status: number; readonly isReplyOdd: boolean }
  | {
      readonly kind: 'retry';
      /** Whether the notification may have reached the CRM; otherwise this was no attempt. */
      readonly wasSent: boolean;
      readonly status?: number | undefined;
      readonly code?: string | undefined;
      /** What the CRM asked to wait. */
      readonly retryAfterMs?: number | undefined;
    }
  | { readonly kind: 'dead'; readonly reason: DeadReason }
  | { readonly kind: 'pause'; readonly status: number };

export interface VerdictContext {
  /** How long ago the notification was accepted. */
  readonly ageMs: number;
  readonly maxAgeMs: number;
  /** Whether the CRM takes others with this token, so that a refusal is the notification's. @default false */
  readonly isTokenTaken?: boolean;
  /** The wall clock's instant, for a `Retry-After` that names a date. */
  readonly now: number;
  /** The CRM's own words, scrubbed. */
  readonly reasonOf: (reply: Reply) => string;
}

/** The table of verdicts, as a pure function: change here what a status means. */
export function decideVerdict(outcome: Exchange, context: VerdictContext): Verdict {
  const verdict = verdictOn(outcome, context);
  if (verdict.kind !== 'retry' || context.ageMs <= context.maxAgeMs) return verdict;
  const { status, code } = verdict;
  const detail = `older than maxAgeMs (${String(context.maxAgeMs)}); last: ${String(status ?? code ?? 'timeout')}`;
  return { kind: 'dead', reason: { kind: 'expired', status, detail } };
}

function verdictOn(outcome: Exchange, context: VerdictContext): Verdict {
  switch (outcome.kind) {
    case 'timeout':
    case 'failure':
      return { kind: 'retry', wasSent: outcome.wasSent, code: failureCodeOf(outcome) };
    case 'reply':
      return verdictOnStatus(outcome, context);
  }
}

/** Why there was no answer. */
export function failureCodeOf(outcome: Exclude<Exchange, { readonly kind: 'reply' }>): string {
  return outcome.kind === 'timeout' ? timeoutCode : (outcome.code ?? 'ERR_CRM_CONNECTION');
}

/** The code of an attempt that took too long. */
export const timeoutCode = 'ERR_CRM_TIMEOUT';

function verdictOnStatus(reply: Reply, context: VerdictContext): Verdict {
  const { status } = reply;
  if (isSuccess(status)) return { kind: 'delivered', status, isReplyOdd: parseReply(reply) === undefined };
  if (refusesToken(status)) {
    return context.isTokenTaken === true ? { kind: 'retry', wasSent: true, status } : { kind: 'pause', status };
  }
  if (isRetryable(status)) {
    const retryAfterMs = parseRetryAfter(reply.headers['retry-after'], context.now);
    return { kind: 'retry', wasSent: true, status, retryAfterMs };
  }
  const isRedirect = status >= 300 && status < 400;
  return {
    kind: 'dead',
    reason: { kind: isRedirect ? 'redirect' : 'rejected', status, detail: context.reasonOf(reply) },
  };
}

/** Whether a status speaks of the token rather than of the notification. */
export function refusesToken(status: number): boolean {
  return status === 401 || status === 403;
}
