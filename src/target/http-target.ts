import type { CrmClient } from '../client/crm-client.js';
import type { Exchange } from '../client/exchange.js';
import type { Clock } from '../core/clock.js';
import type { Format, Reply } from '../format/format.js';
import { timeoutCode, type Target, type Verdict } from './target.js';

export interface HttpTargetOptions {
  readonly name: string;
  readonly client: CrmClient;
  readonly format: Format;
  readonly clock: Pick<Clock, 'now'>;
}

/** Creates a target that posts over HTTP, in the given format. */
export function createHttpTarget({ name, client, format, clock }: HttpTargetOptions): Target {
  return {
    name,
    check(notification) {
      const problem = format.problemWith(notification);
      return problem === undefined ? undefined : { kind: 'rejected', detail: problem };
    },
    async send({ id, body, traceparent }, attempt, signal) {
      const headers = format.headersOf({ id, traceparent, attempt });
      const exchange = await client.post({ path: format.notifyPath, headers, body }, signal);
      return verdictOn(exchange, format, clock.now(), (reply) => client.reasonOf(reply, body));
    },
    close: () => client.close(),
  };
}

/** The verdict on an exchange. `reasonOf` returns the reply's text, scrubbed. */
export function verdictOn(
  exchange: Exchange,
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
  const meaning = format.classify(exchange, now);
  switch (meaning.kind) {
    case 'delivered':
      return { kind: 'delivered', reach: 'responded', status, isReplyNotJson: meaning.json === undefined };
    case 'retry':
      return { kind: 'retry', reach: 'responded', status, retryAfterMs: meaning.retryAfterMs };
    case 'refused':
      return { kind: 'refused', reach: 'refused', status };
    case 'dead':
      return {
        kind: 'dead',
        reach: meaning.isAddressInDoubt ? 'misdirected' : 'responded',
        reason: { kind: meaning.reason, status, detail: reasonOf(exchange) },
      };
  }
}
