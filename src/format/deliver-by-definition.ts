import { notAwaited } from '../core/call-safely.js';
import { CRMConfigError } from '../core/errors.js';
import { crmFormat } from './crm-format.js';
import type { DeliveryFormat, Reply, ReplyMeaning, RequestBatch, SentPost } from './format.js';
import type { BatchFormat, FormatDefinition, FormatReply, Outcome } from './format-definition.js';
import { batchHeaders, postHeaders, problemWith } from './post-headers.js';
import { jsonOf, meaningOfReply, parseRetryAfter } from './reply-rules.js';
import { problemWithStored, readStoredRequest } from './stored-request.js';

/** The functions of a definition that read replies and join bodies. */
export interface FormatFunctions {
  readonly classify?: FormatDefinition['classify'];
  readonly join?: BatchFormat['join'] | undefined;
}

/** The part of a definition that is plain data. */
export interface FormatPlan extends Pick<FormatDefinition, 'name' | 'path' | 'contentType' | 'source'> {
  readonly batch?: Omit<BatchFormat, 'join'> | undefined;
}

export function deliverByDefinition(plan: FormatPlan, { classify, join }: FormatFunctions): DeliveryFormat {
  return {
    batch: batchOf(plan, join),
    notifyPath: plan.path,
    healthPath: crmFormat.healthPath,
    harmlessKeys: crmFormat.harmlessKeys,
    problemWith: (post) => problemWith(post) ?? problemWithStored(post.body),
    requestFor(post) {
      const { path = plan.path, headers, body } = readStoredRequest(post.body);
      return { path, headers: withOwn(postHeaders(post, plan.contentType), headers), body };
    },
    classify: (reply, now, sent) => meaningsOf(classify, reply, now, sent),
  };
}

function batchOf(
  { name, path, contentType, batch }: FormatPlan,
  join: FormatFunctions['join'],
): RequestBatch | undefined {
  if (batch === undefined || join === undefined) return undefined;
  const { maxCount, maxBytes = defaultMaxBytes, path: batchPath = path } = batch;
  return {
    maxCount,
    maxBytes,
    mayShare(post) {
      const { path: ownPath, headers } = readStoredRequest(post.body);
      return ownPath === undefined && headers.length === 0;
    },
    requestFor(posts, key) {
      const body = callJoin(
        name,
        join,
        posts.map((post) => Buffer.from(readStoredRequest(post.body).body).toString()),
      );
      return { path: batchPath, headers: batchHeaders(posts, key, contentType), body: Buffer.from(body) };
    },
  };
}

/** Throws `CRMConfigError` if there is no body: then each is sent alone. */
function callJoin(name: string, join: BatchFormat['join'], bodies: readonly string[]): string {
  let returned: unknown;
  try {
    returned = notAwaited(join(bodies));
  } catch {
    // What it says may be personal.
    throw new CRMConfigError([{ path: `format ${name}`, message: 'its join threw an error' }]);
  }
  if (typeof returned === 'string') return returned;
  throw new CRMConfigError([{ path: `format ${name}`, message: 'its join must return text, and not a promise' }]);
}

const defaultMaxBytes = 1_000_000;

/** The format's own headers replace those that every POST has. */
function withOwn(common: readonly string[], own: readonly string[]): readonly string[] {
  if (own.length === 0) return common;
  const names = new Set(own.filter((_, index) => index % 2 === 0));
  const kept = common.filter((_, index) => !names.has(common[index - (index % 2)] ?? ''));
  return [...kept, ...own];
}

/**
 * What a reply means for each of the notifications that were sent: as the format says, and by its status if the format says nothing
 * that can be understood.
 */
function meaningsOf(
  classify: FormatDefinition['classify'],
  reply: Reply,
  now: number,
  sent: readonly SentPost[],
): readonly ReplyMeaning[] {
  const ofStatus = withoutJsonWarning(meaningOfReply(reply, now));
  // What was not read may have been about some of them.
  const isUnclear = reply.cutBy !== undefined && sent.length > 1 && ofStatus.kind === 'delivered';
  const byStatus: ReplyMeaning = isUnclear ? { kind: 'retry', retryAfterMs: undefined } : ofStatus;
  const { outcomes, areOfItems } = outcomesOf(classify, reply, sent);
  return sent.map((_, index) => {
    const outcome = outcomes[index];
    return outcome === undefined ? byStatus : { ...meaningOf(outcome, byStatus, reply, now), isOfItem: areOfItems };
  });
}

function outcomesOf(
  classify: FormatDefinition['classify'],
  reply: Reply,
  sent: readonly SentPost[],
): { readonly outcomes: readonly (Outcome | undefined)[]; readonly areOfItems: boolean } {
  const none = { outcomes: [], areOfItems: false };
  if (classify === undefined) return none;
  try {
    const notifications = sent.map(({ id, body }) => ({ id, body: Buffer.from(body).toString() }));
    const returned: unknown = notAwaited(classify(readableReply(reply), notifications));
    const areOfItems = Array.isArray(returned);
    const outcomes: readonly unknown[] = areOfItems ? returned : sent.map(() => returned);
    return outcomes.length === sent.length ? { outcomes: outcomes.map(asOutcome), areOfItems } : none;
  } catch {
    return none;
  }
}

/** What the format says, as far as it can be understood. */
function asOutcome(value: unknown): Outcome | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { kind, retryAfterMs, pausesTarget, detail } = value as Record<string, unknown>;
  switch (kind) {
    case 'delivered':
    case 'refused':
      return { kind };
    case 'retry': {
      const isWait = typeof retryAfterMs === 'number' && retryAfterMs >= 0;
      return { kind, retryAfterMs: isWait ? retryAfterMs : undefined, pausesTarget: pausesTarget === true };
    }
    case 'rejected':
      return { kind, detail: typeof detail === 'string' ? detail : undefined };
    default:
      return undefined;
  }
}

function meaningOf(outcome: Outcome, byStatus: ReplyMeaning, reply: Reply, now: number): ReplyMeaning {
  const asked = parseRetryAfter(reply.headers['retry-after'], now);
  switch (outcome.kind) {
    case 'delivered':
      return { kind: 'delivered', json: { value: null } };
    case 'retry':
      return { kind: 'retry', retryAfterMs: outcome.retryAfterMs ?? asked, pausesTarget: outcome.pausesTarget };
    case 'refused':
      return { kind: 'refused', retryAfterMs: asked };
    case 'rejected': {
      const isAddressInDoubt = byStatus.kind === 'dead' && byStatus.isAddressInDoubt;
      const reason = byStatus.kind === 'dead' ? byStatus.reason : 'rejected';
      return { kind: 'dead', reason, detail: outcome.detail, isAddressInDoubt, retryAfterMs: asked };
    }
  }
}

/** Only the CRM of our own wire format is expected to reply with JSON. */
function withoutJsonWarning(meaning: ReplyMeaning): ReplyMeaning {
  return meaning.kind === 'delivered' ? { kind: 'delivered', json: { value: null } } : meaning;
}

function readableReply(reply: Reply): FormatReply {
  const { status, headers, body } = reply;
  return { status, headers, body: body.toString('utf8'), json: jsonOf(reply)?.value };
}
