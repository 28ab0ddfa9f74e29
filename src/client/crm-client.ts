import { setMaxListeners } from 'node:events';
import { Pool, type Dispatcher } from 'undici';
import type { Clock } from '../core/clock.js';
import { version } from '../core/version.js';
import type { Logger } from '../telemetry/logger.js';
import { personalStrings, redactText } from '../telemetry/redact.js';
import { startDeadline, type Deadline } from './deadline.js';
import { isHeaderValue } from './header-value.js';
import { exchange, type Exchange, type ExchangeRequest } from './exchange.js';
import { reasonOf, type Reply } from './reply.js';
import type { TargetConfig } from './target-settings.js';
import { createTokenSource } from './token.js';

/** What one POST carries besides the target and the token. */
export interface PostRequest {
  /** Sent as `Idempotency-Key`, in the form most receivers read: bare, without quotes. */
  readonly id: string;
  readonly body: Uint8Array;
  readonly traceparent?: string | undefined;
  /** Earlier attempts of this notification; sent as `X-Retry-Count` when there were any. */
  readonly retryCount?: number | undefined;
}

export interface CrmClientOptions extends TargetConfig {
  /** At most so many connections at once. */
  readonly connections: number;
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
const tokenFailureCode = 'ERR_CRM_TOKEN';

/** Opens nothing yet: the first exchange connects, later ones use the same connections (keep-alive). */
export function createCrmClient(options: CrmClientOptions): CrmClient {
  const { clock, logger } = options;
  const { origin, pathname } = new URL(options.baseUrl);
  const basePath = pathname.replace(/\/$/, '');
  const ending = new AbortController();
  const dispatcher = options.dispatcher ?? createPool(origin, options, ending.signal);
  // Of another's dispatcher it is not known; what to do about its stale connections is for its owner to say.
  const isConnecting = options.dispatcher === undefined ? watchConnecting(dispatcher) : () => true;
  const connections = { dispatcher, clock, isConnecting };
  const tokens = createTokenSource(options.authToken, clock);

  const send = (request: ExchangeRequest, deadline: Deadline): Promise<Exchange> => {
    const outcome = exchange(connections, request, deadline);
    if (!logger.isLevelEnabled('debug')) return outcome;
    return outcome.then((known) => {
      logExchange(logger, request, known, tokens.secrets());
      return known;
    });
  };

  const postOnce = (post: PostRequest, token: string, deadline: Deadline): Promise<Exchange> =>
    send(
      { origin, path: `${basePath}/notify`, method: 'POST', headers: headersOf(post, token), body: post.body },
      deadline,
    );

  return {
    async post(post) {
      const deadline = startDeadline(options.timeoutMs, clock);
      try {
        const token = await tokens.get(deadline.leftMs());
        const outcome = await postOnce(post, token, deadline);
        if (outcome.kind !== 'reply' || outcome.status !== 401) return outcome;
        const renewed = await tokens.renew(token, deadline.leftMs());
        return renewed === undefined ? outcome : await postOnce(post, renewed, deadline);
      } catch {
        // What a provider throws may hold anything, the token among it.
        return { kind: 'failure', code: tokenFailureCode, message: 'the token provider failed', wasSent: false };
      }
    },
    async health() {
      const deadline = startDeadline(options.healthTimeoutMs, clock);
      // A CRM may guard its health route too; without a token it says so itself.
      const token = await tokens.get(deadline.leftMs()).catch(() => undefined);
      const headers = token === undefined ? commonHeaders : [...commonHeaders, ...authorization(token)];
      return send({ origin, path: `${basePath}/health`, method: 'GET', headers }, deadline);
    },
    reasonOf: (reply, sentBody) => reasonOf(reply, sentBody, tokens.secrets()),
    async close() {
      if (options.dispatcher !== undefined) return;
      const destroyed = dispatcher.destroy();
      // Those that are still connecting, which destroying leaves to themselves.
      ending.abort();
      await destroyed;
    },
  };
}

// By so much undici's timers, which tick twice a second, may be early.
const connectLeewayMs = 500;

/** The deadline of each exchange covers connecting as well; the pool's own limit only frees the connection after it. */
function createPool(origin: string, { connections, timeoutMs }: CrmClientOptions, signal: AbortSignal): Pool {
  // One listener for each connection is no leak.
  setMaxListeners(0, signal);
  return new Pool(origin, { connections, connectTimeout: timeoutMs + connectLeewayMs, connect: { signal } });
}

/**
 * Answers a function that tells a request, when it starts, whether it does so on a connection that has just been made:
 * undici starts the one that waited for it in the same turn.
 */
function watchConnecting(dispatcher: Dispatcher): () => boolean {
  let isConnecting = false;
  dispatcher.on('connect', () => {
    isConnecting = true;
    queueMicrotask(() => {
      isConnecting = false;
    });
  });
  return () => isConnecting;
}

const commonHeaders: readonly string[] = [
  'accept',
  'application/json',
  // Compressed replies would have to be unpacked to be read, and could unpack to any size.
  'accept-encoding',
  'identity',
  'user-agent',
  `express-crm-notifier/${version}`,
];

const authorization = (token: string): readonly string[] => ['authorization', `Bearer ${token}`];

function headersOf(post: PostRequest, token: string): readonly string[] {
  const headers = [...commonHeaders, ...authorization(token)];
  headers.push('content-type', 'application/json', 'idempotency-key', post.id);
  if (post.traceparent !== undefined && isHeaderValue(post.traceparent)) headers.push('traceparent', post.traceparent);
  if (post.retryCount !== undefined && post.retryCount > 0) headers.push('x-retry-count', String(post.retryCount));
  return headers;
}

/** Request and reply as far as they may be shown: what the request says of people is not shown of the reply either. */
function logExchange(logger: Logger, request: ExchangeRequest, outcome: Exchange, tokens: readonly string[]): void {
  const sent = request.body === undefined ? undefined : textOf(request.body);
  const secrets = sent === undefined ? tokens : [...tokens, ...personalStrings(sent)];
  logger.debug(
    {
      request: {
        method: request.method,
        url: `${request.origin}${request.path}`,
        headers: shownHeaders(request.headers),
        body: sent === undefined ? undefined : redactText(sent, tokens),
      },
      response: shownOutcome(outcome, secrets),
    },
    'CRM request and response',
  );
}

function shownHeaders(headers: readonly string[]): Record<string, string> {
  const shown: Record<string, string> = {};
  for (let index = 0; index < headers.length; index += 2) {
    const [name = '', value = ''] = headers.slice(index, index + 2);
    shown[name] = name === 'authorization' ? 'Bearer [redacted]' : value;
  }
  return shown;
}

function shownOutcome(outcome: Exchange, secrets: readonly string[]): Record<string, unknown> {
  switch (outcome.kind) {
    case 'reply':
      return { status: outcome.status, body: redactText(textOf(outcome.body), secrets), cutBy: outcome.cutBy };
    case 'timeout':
      return { timeoutMs: outcome.timeoutMs };
    case 'failure':
      return { code: outcome.code, reason: outcome.message };
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}
