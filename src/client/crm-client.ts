import { Pool, type Dispatcher } from 'undici';
import type { TokenProvider } from '../config/token.js';
import type { Clock } from '../core/clock.js';
import { version } from '../core/version.js';
import type { Logger } from '../telemetry/logger.js';
import { redactText } from '../telemetry/redact.js';
import { exchange, type Exchange, type ExchangeRequest } from './exchange.js';
import { reasonOf, type Reply } from './reply.js';
import { createTokenSource } from './token-source.js';

/** What one POST carries besides the target and the token. */
export interface PostRequest {
  /** Sent as `Idempotency-Key`, in the form most receivers read: bare, without quotes. */
  readonly id: string;
  readonly body: Uint8Array;
  readonly traceparent?: string | undefined;
  /** Earlier attempts of this notification; sent as `X-Retry-Count` when there were any. */
  readonly retryCount?: number | undefined;
}

export interface CrmClientOptions {
  /** Normalised: an origin and a path without a slash at its end. */
  readonly baseUrl: string;
  readonly authToken: string | TokenProvider;
  readonly timeoutMs: number;
  readonly healthTimeoutMs: number;
  /** At most so many connections at once. */
  readonly connections: number;
  /** Used instead of a pool of our own; its owner closes it. */
  readonly dispatcher?: Dispatcher | undefined;
  readonly clock: Clock;
  readonly logger: Required<Logger>;
}

/** The CRM's two routes, and the connections to it. */
export interface CrmClient {
  post(request: PostRequest): Promise<Exchange>;
  health(): Promise<Exchange>;
  /** Why the CRM refused `sentBody`, in its own words, fit to be logged and kept. */
  reasonOf(reply: Reply, sentBody: Uint8Array): string;
  /** Ends idle connections; exchanges under way are cut off. */
  close(): Promise<void>;
}

/** The code of an attempt that failed because no token was to be had. */
export const tokenFailureCode = 'ERR_CRM_TOKEN';

// What a socket that the server has closed answers with.
const brokenSocketCodes = new Set<string | undefined>(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/** Opens nothing yet: the first exchange connects, later ones use the same connections (keep-alive). */
export function createCrmClient(options: CrmClientOptions): CrmClient {
  const { clock, logger } = options;
  const { origin, pathname } = new URL(options.baseUrl);
  const basePath = pathname.replace(/\/$/, '');
  // No time limits of undici's own: the deadline of each exchange covers connecting as well.
  const dispatcher = options.dispatcher ?? new Pool(origin, { connections: options.connections, connectTimeout: 0 });
  const tokens = createTokenSource(options.authToken, clock);
  let hasConnected = false;

  const send = async (request: ExchangeRequest, timeoutMs: number): Promise<Exchange> => {
    const startedAt = clock.monotonicMs();
    let outcome = await exchange(dispatcher, request, timeoutMs, clock);
    const leftMs = timeoutMs - (clock.monotonicMs() - startedAt);
    // The server closed an idle connection just as it was used: once more, under the same id, on a fresh one.
    if (hasConnected && leftMs > 0 && outcome.kind === 'failure' && brokenSocketCodes.has(outcome.code)) {
      outcome = await exchange(dispatcher, request, leftMs, clock);
    }
    hasConnected = outcome.kind === 'reply';
    if (logger.isLevelEnabled('debug')) logExchange(logger, request, outcome, tokens.secrets());
    return outcome;
  };

  const postOnce = async (post: PostRequest, token: string, timeoutMs: number): Promise<Exchange> =>
    send(
      { origin, path: `${basePath}/notify`, method: 'POST', headers: headersOf(post, token), body: post.body },
      timeoutMs,
    );

  return {
    async post(post) {
      const startedAt = clock.monotonicMs();
      const leftMs = (): number => Math.max(1, options.timeoutMs - (clock.monotonicMs() - startedAt));
      try {
        const token = await tokens.get(options.timeoutMs);
        const outcome = await postOnce(post, token, leftMs());
        if (outcome.kind !== 'reply' || outcome.status !== 401) return outcome;
        const renewed = await tokens.renew(token, leftMs());
        return renewed === undefined ? outcome : await postOnce(post, renewed, leftMs());
      } catch {
        // What a provider throws may hold anything, the token among it.
        return { kind: 'failure', code: tokenFailureCode, message: 'the token provider failed', wasSent: false };
      }
    },
    async health() {
      // A CRM may guard its health route too; without a token it says so itself.
      const token = await tokens.get(options.healthTimeoutMs).catch(() => undefined);
      const headers = { ...commonHeaders, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
      return send({ origin, path: `${basePath}/health`, method: 'GET', headers }, options.healthTimeoutMs);
    },
    reasonOf: (reply, sentBody) => reasonOf(reply, sentBody, tokens.secrets()),
    async close() {
      if (options.dispatcher === undefined) await dispatcher.destroy();
    },
  };
}

const commonHeaders = {
  accept: 'application/json',
  // Compressed replies would have to be unpacked to be read, and could unpack to any size.
  'accept-encoding': 'identity',
  'user-agent': `express-crm-notifier/${version}`,
};

function headersOf(post: PostRequest, token: string): Record<string, string> {
  const headers: Record<string, string> = {
    ...commonHeaders,
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    'idempotency-key': post.id,
  };
  if (post.traceparent !== undefined) headers['traceparent'] = post.traceparent;
  if (post.retryCount !== undefined && post.retryCount > 0) headers['x-retry-count'] = String(post.retryCount);
  return headers;
}

function logExchange(logger: Logger, request: ExchangeRequest, outcome: Exchange, secrets: readonly string[]): void {
  const textOf = (bytes: Uint8Array): unknown => redactText(Buffer.from(bytes).toString('utf8'), secrets);
  const { authorization, ...headers } = request.headers;
  logger.debug(
    {
      request: {
        method: request.method,
        url: `${request.origin}${request.path}`,
        headers: authorization === undefined ? headers : { ...headers, authorization: 'Bearer [redacted]' },
        body: request.body && textOf(request.body),
      },
      response: outcome.kind === 'reply' ? { status: outcome.status, body: textOf(outcome.body) } : outcome,
    },
    'CRM request and response',
  );
}
