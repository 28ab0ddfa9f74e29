import { createHash } from 'node:crypto';
import type { CrmClient } from '../client/crm-client.js';
import type { Exchange } from '../client/exchange.js';
import type { Clock } from '../core/clock.js';
import { cutText } from '../core/cut-text.js';
import type { DeliveryFormat, Format, Post, PostRequest, Reply, ReplyMeaning, SentPost } from '../format/format.js';
import type { PendingNotification } from '../outbox/outbox.js';
import { isSignableId, type Signer } from '../signing/create-signer.js';
import { timeoutCode, type BatchLimits, type Target, type Verdict } from './target.js';

export interface HttpTargetOptions {
  readonly name: string;
  readonly client: CrmClient;
  readonly format: DeliveryFormat;
  readonly clock: Pick<Clock, 'now'>;
  /** Undefined if attempts are not signed. */
  readonly sign?: Signer | undefined;
  /** How many notifications go in one request at most, and how large that may be. Undefined: one. */
  readonly batch?: { readonly maxCount: number; readonly maxBytes: number } | undefined;
}

/** Creates a target that posts over HTTP, in the given format. */
export function createHttpTarget({ name, client, format, clock, sign, batch }: HttpTargetOptions): Target {
  const limits = batch === undefined ? undefined : limitsOf(batch, format.batch);

  const requestFor = (notifications: readonly PendingNotification[]): PostRequest => {
    const posts = notifications.map(postOf);
    const [only] = posts.length === 1 ? posts : [];
    const key = only?.id ?? keyOf(posts);
    const request = only === undefined ? format.batch?.requestFor(posts, key) : format.requestFor(only);
    if (request === undefined) throw new Error('the format takes no batches');
    return sign === undefined ? request : withHeaders(request, Object.entries(sign(key, clock.now(), request.body)));
  };

  return {
    name,
    batch: limits,
    check(notification) {
      const problem = format.problemWith(notification);
      if (problem !== undefined) return { kind: 'rejected', detail: problem };
      if (sign === undefined || isSignableId(notification.id)) return undefined;
      return { kind: 'rejected', detail: 'its stored id has been changed and cannot be signed' };
    },
    async send(notifications, signal) {
      const request = requestFor(notifications);
      const exchange = await client.post(request, signal);
      if (exchange.kind === 'reply' && isTooLarge(exchange)) limits?.lower(notifications.length);
      else if (exchange.kind === 'reply' && isSuccess(exchange)) limits?.onTaken(notifications.length);
      // Once for all of a batch that were rejected together: a reason takes a while to scrub.
      let reasonOfAll: string | undefined;
      const reasonOf = (reply: Reply): string =>
        reply === exchange
          ? (reasonOfAll ??= client.reasonOf(reply, request.body))
          : client.reasonOf(reply, request.body);
      return verdictsOn(exchange, notifications, format, clock.now(), reasonOf);
    },
    close: () => client.close(),
  };
}

/** Whether the request is too large for the target, or its reply for us. */
function isTooLarge({ status, cutBy }: Reply): boolean {
  return status === 413 || cutBy === 'limit';
}

function isSuccess({ status }: Reply): boolean {
  return status >= 200 && status < 300;
}

interface AdaptingLimits extends BatchLimits {
  /** A request with so many was too large, or the reply to it. */
  lower(count: number): void;
  /** A request with so many was not too large. */
  onTaken(count: number): void;
}

/** After so many requests as large as they may be, one more notification is tried: seldom, as it may cost a request in vain. */
const takenPerStep = 50;

function limitsOf(
  wanted: { readonly maxCount: number; readonly maxBytes: number },
  formatBatch: Format['batch'],
): AdaptingLimits | undefined {
  if (formatBatch === undefined) return undefined;
  const highestCount = Math.min(wanted.maxCount, formatBatch.maxCount);
  let maxCount = highestCount;
  let takenCount = 0;
  return {
    get maxCount() {
      return maxCount;
    },
    maxBytes: Math.min(wanted.maxBytes, formatBatch.maxBytes),
    mayShare: (notification) => formatBatch.mayShare(notification),
    lower(count) {
      // One alone says nothing about several.
      if (count === 1) return;
      maxCount = Math.min(maxCount, count >> 1);
      takenCount = 0;
    },
    onTaken(count) {
      if (maxCount === highestCount || count < maxCount) return;
      takenCount += 1;
      if (takenCount < takenPerStep) return;
      maxCount += 1;
      takenCount = 0;
    },
  };
}

function postOf({ id, body, traceparent, attempts }: PendingNotification): Post {
  return { id, body, traceparent, attempt: attempts + 1 };
}

/** The same for the same notifications in the same order, and short enough to be signed. */
function keyOf(posts: readonly Post[]): string {
  const hash = createHash('sha256');
  for (const { id } of posts) hash.update(`${id}\n`);
  return `batch_${hash.digest('base64url')}`;
}

function withHeaders(request: PostRequest, headers: readonly (readonly [string, string])[]): PostRequest {
  return { ...request, headers: [...request.headers, ...headers.flat()] };
}

/** The verdicts on an exchange, one for each notification that was sent. `reasonOf` returns the reply's text, scrubbed. */
export function verdictsOn(
  exchange: Exchange,
  sent: readonly SentPost[],
  format: Pick<Format, 'classify'>,
  now: number,
  reasonOf: (reply: Reply) => string,
): readonly Verdict[] {
  if (exchange.kind === 'timeout') {
    const { wasSent } = exchange;
    return sent.map(() => ({ kind: 'retry', reach: 'unreachable', code: timeoutCode, wasSent }));
  }
  if (exchange.kind === 'failure') {
    const { code = 'ERR_CRM_CONNECTION', wasSent } = exchange;
    return sent.map(() => ({ kind: 'retry', reach: 'unreachable', code, wasSent }));
  }
  const meanings = format.classify(exchange, now, sent);
  return meanings.map((meaning) => verdictOf(meaning, exchange, sent.length > 1, reasonOf));
}

function verdictOf(
  meaning: ReplyMeaning,
  reply: Reply,
  isOneOfSeveral: boolean,
  reasonOf: (reply: Reply) => string,
): Verdict {
  const { status = reply.status, isOfItem = false } = meaning;
  const isOfSeveral = isOneOfSeveral && !isOfItem;
  switch (meaning.kind) {
    case 'delivered':
      return { kind: 'delivered', reach: 'responded', status, isReplyNotJson: meaning.json === undefined };
    case 'retry': {
      const { retryAfterMs, pausesTarget = false } = meaning;
      const detail = cutText(reasonOf(reply), maxRetryDetail);
      return { kind: 'retry', reach: 'responded', status, retryAfterMs, pausesTarget, isOfSeveral, detail };
    }
    case 'refused':
      return { kind: 'refused', reach: 'refused', status, detail: reasonOf(reply) };
    case 'dead': {
      const { reason, detail, isAddressInDoubt } = meaning;
      return {
        kind: 'dead',
        reach: isAddressInDoubt && !isOfItem ? 'misdirected' : 'responded',
        reason: { kind: reason, status, detail: reasonOf(replyWith(reply, detail)) },
        isOfSeveral,
      };
    }
  }
}

/** Of an attempt that is tried again there may be many, so less is kept than of a death. */
const maxRetryDetail = 256;

/** The reply, with what the format says instead of its body, if it says anything. */
function replyWith(reply: Reply, detail: string | undefined): Reply {
  return detail === undefined ? reply : { ...reply, body: Buffer.from(detail) };
}
