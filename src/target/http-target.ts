import type { CrmClient } from '../client/crm-client.js';
import type { Exchange } from '../client/exchange.js';
import type { Clock } from '../core/clock.js';
import type { Format, PostRequest, Reply, SentPost } from '../format/format.js';
import type { Signer } from '../signing/create-signer.js';
import type { SignatureHeaders } from '../signing/signed-content.js';
import { timeoutCode, type Target, type Verdict } from './target.js';

export interface HttpTargetOptions {
  readonly name: string;
  readonly client: CrmClient;
  readonly format: Omit<Format, 'build'>;
  readonly clock: Pick<Clock, 'now'>;
  /** Undefined if attempts are not signed. */
  readonly sign?: Signer | undefined;
}

/** Creates a target that posts over HTTP, in the given format. */
export function createHttpTarget({ name, client, format, clock, sign }: HttpTargetOptions): Target {
  return {
    name,
    check(notification) {
      const problem = format.problemWith(notification);
      if (problem !== undefined) return { kind: 'rejected', detail: problem };
      const isSignable = sign === undefined || /^[\w-]{1,64}$/.test(notification.id);
      return isSignable
        ? undefined
        : { kind: 'rejected', detail: 'its stored id has been changed and cannot be signed' };
    },
    async send({ id, body, traceparent }, attempt, signal) {
      const unsigned = format.requestFor({ id, body, traceparent, attempt });
      const request = sign === undefined ? unsigned : signed(unsigned, sign(id, clock.now(), unsigned.body));
      const exchange = await client.post(request, signal);
      const sent = { id, body: request.body };
      return verdictOn(exchange, sent, format, clock.now(), (reply) => client.reasonOf(reply, request.body));
    },
    close: () => client.close(),
  };
}

function signed(request: PostRequest, headers: SignatureHeaders): PostRequest {
  return { ...request, headers: [...request.headers, ...(Object.entries(headers) as [string, string][]).flat()] };
}

/** The reply, with what the format says instead of its body, if it says anything. */
function replyWith(reply: Reply, detail: string | undefined): Reply {
  return detail === undefined ? reply : { ...reply, body: Buffer.from(detail) };
}

/** The verdict on an exchange. `reasonOf` returns the reply's text, scrubbed. */
export function verdictOn(
  exchange: Exchange,
  sent: SentPost,
  format: Pick<Format, 'classify'>,
  now: number,
  reasonOf: (reply: Reply) => string,
): Verdict {
  if (exchange.kind === 'timeout') {
    return { kind: 'retry', reach: 'unreachable', code: timeoutCode, wasSent: exchange.wasSent };
  }
  if (exchange.kind === 'failure') {
    const { code = 'ERR_CRM_CONNECTION', wasSent } = exchange;
    return { kind: 'retry', reach: 'unreachable', code, wasSent };
  }
  const { status } = exchange;
  const [meaning] = format.classify(exchange, now, [sent]);
  switch (meaning?.kind) {
    case undefined:
      throw new Error('the format has classified nothing');
    case 'delivered':
      return { kind: 'delivered', reach: 'responded', status, isReplyNotJson: meaning.json === undefined };
    case 'retry':
      return {
        kind: 'retry',
        reach: 'responded',
        status,
        retryAfterMs: meaning.retryAfterMs,
        pausesTarget: meaning.pausesTarget ?? false,
      };
    case 'refused':
      return { kind: 'refused', reach: 'refused', status };
    case 'dead':
      return {
        kind: 'dead',
        reach: meaning.isAddressInDoubt ? 'misdirected' : 'responded',
        reason: { kind: meaning.reason, status, detail: reasonOf(replyWith(exchange, meaning.detail)) },
      };
  }
}
