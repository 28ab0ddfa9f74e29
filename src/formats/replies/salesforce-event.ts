import type { FormatReply, Outcome, SentNotification } from '../../format/format-definition.js';
import { elementsOf, memberOf, textOf } from '../shared/json-parts.js';
import { referenceOf, type CompositeRequest } from '../shared/salesforce-composite.js';
import type { FormatReplies } from './format-replies.js';

export const salesforceEventReplies = {
  classify: salesforceOutcomes,
  join: joinComposites,
} satisfies FormatReplies;

function joinComposites(bodies: readonly string[]): string {
  const compositeRequest = bodies.flatMap((body) => (JSON.parse(body) as CompositeRequest).compositeRequest);
  return JSON.stringify({ allOrNone: false, compositeRequest } satisfies CompositeRequest);
}

/**
 * A Composite reply is 200 whatever became of its parts; each of them says so itself, under the reference it was sent with. A
 * single event has a status, and `success` besides.
 */
function salesforceOutcomes(
  { status, json }: FormatReply,
  sent: readonly SentNotification[],
): Outcome | readonly Outcome[] | undefined {
  if (status < 200 || status >= 300) return outcomeOfLimit(problemsOf(json));
  const parts = memberOf(json, 'compositeResponse');
  if (Array.isArray(parts)) {
    return sent.map(({ id }) => {
      const part: unknown = parts.find((one) => memberOf(one, 'referenceId') === referenceOf(id));
      return outcomeOfEvent(Number(memberOf(part, 'httpStatusCode')), memberOf(part, 'body'));
    });
  }
  // A Composite reply without its parts says of none that it was taken.
  if (sent.some(({ body }) => isComposite(body))) return { kind: 'retry' };
  return memberOf(json, 'success') === false ? outcomeOfEvent(status, json) : undefined;
}

function isComposite(body: string): boolean {
  return memberOf(JSON.parse(body), 'compositeRequest') !== undefined;
}

/** Of one event, by the status and the result that Salesforce gave it; without a status it said nothing about it. */
function outcomeOfEvent(status: number, result: unknown): Outcome {
  // Then `errors` holds OPERATION_ENQUEUED, which is none.
  if (memberOf(result, 'success') === true) return { kind: 'delivered' };
  const problems = problemsOf(result);
  const limit = outcomeOfLimit(problems);
  if (limit !== undefined) return limit;
  if (status === 401 || status === 403) return { kind: 'refused' };
  if (Number.isNaN(status) || status >= 500) return { kind: 'retry' };
  const detail = problems.map(({ code, message }) => `${code}: ${message}`).join('; ');
  return { kind: 'rejected', detail: detail === '' ? 'Salesforce responded with success: false' : detail };
}

/** The hour's events, or the day's requests, are used up. */
const usedUp = new Set(['LIMIT_EXCEEDED', 'REQUEST_LIMIT_EXCEEDED']);
const passing = new Set(['PLATFORM_EVENT_PUBLISHING_UNAVAILABLE', 'SERVER_UNAVAILABLE', 'UNABLE_TO_LOCK_ROW']);

function outcomeOfLimit(problems: readonly Problem[]): Outcome | undefined {
  const has = (codes: ReadonlySet<string>): boolean => problems.some(({ code }) => codes.has(code));
  if (has(usedUp)) return { kind: 'retry', retryAfterMs: 3_600_000, pausesTarget: true };
  return has(passing) ? { kind: 'retry' } : undefined;
}

interface Problem {
  readonly code: string;
  readonly message: string;
}

/** A list of them with `errorCode` if the request failed; `errors` with `statusCode` if the event did. */
function problemsOf(result: unknown): readonly Problem[] {
  const list = Array.isArray(result) ? result : elementsOf(memberOf(result, 'errors'));
  return list.map((problem: unknown) => ({
    code: textOf(memberOf(problem, 'errorCode') ?? memberOf(problem, 'statusCode')) ?? 'ERROR',
    message: textOf(memberOf(problem, 'message')) ?? '',
  }));
}
