import { setMaxListeners } from 'node:events';
import { Pool, type Dispatcher } from 'undici';
import type { Clock } from '../core/clock.js';
import { version } from '../core/version.js';
import type { Logger } from '../telemetry/logger.js';
import type { Format, Reply } from '../format/format.js';
import { personalStrings, redactText, scrubText } from '../telemetry/redact.js';
import { type Deadline, exchange, type Exchange, type ExchangeRequest, startDeadline } from './exchange.js';
import type { TargetConfig } from './target-settings.js';
import { createTokenSource } from './token.js';

/** What one POST carries besides the token. */
export interface PostRequest {
  /** Below the base URL. */
  readonly path: string;
  /** Name and value in turn. */
  readonly headers: readonly string[];
  readonly body: Uint8Array;
}

export interface CrmClientOptions extends TargetConfig {
  /** At most so many connections at once. */
  readonly connections: number;
  readonly clock: Clock;
  readonly logger: Required<Logger>;
  /** Where the health route is, and what a debug line may show of a body. */
  readonly format: Pick<Format, 'healthPath' | 'harmlessKeys'>;
}

/** Requests to the CRM, with the token, over connections that are kept. */
export interface CrmClient {
  /**
   * Posts with the token; once more with a newer one, if there is one, when the CRM responds with 401. Once `signal` is
   * aborted the exchange ends as if its time limit had passed.
   */
  post(request: PostRequest, signal?: AbortSignal): Promise<Exchange>;
  /** Asks the CRM whether it is well. */
  health(): Promise<Exchange>;
  /**
   * Why the CRM refused `sentBody`, in its own words, fit to be logged and kept: at most 1024 characters, without anything
   * personal from the request and without the token.
   */
  reasonOf(reply: Reply, sentBody: Uint8Array): string;
  /** Ends idle connections; exchanges under way are cut off. */
  close(): Promise<void>;
}

/** The code of an attempt that failed because no token was to be had. */
const tokenFailureCode = 'ERR_CRM_TOKEN';

/** Opens nothing yet: the first exchange connects, later ones use the same connections (keep-alive). */
export function createCrmClient(options: CrmClientOptions): CrmClient {
  const { clock, logger, format } = options;
  const { origin, pathname } = new URL(options.baseUrl);
  const basePath = pathname.replace(/\/$/, '');
  const ending = new AbortController();
  const dispatcher = options.dispatcher ?? createPool(origin, options, ending.signal);
  // Of another's dispatcher it is not known; what to do about its stale connections is for its owner to say.
  const isConnecting = options.dispatcher === undefined ? watchConnecting(dispatcher) : () => true;
  const connections = { dispatcher, clock, isConnecting };
  const tokens = createTokenSource(options.authToken, clock);

  const send = (request: ExchangeRequest, deadline: Deadline, signal?: AbortSignal): Promise<Exchange> => {
    const outcome = exchange(connections, request, deadline, signal);
    if (!logger.isLevelEnabled('debug')) return outcome;
    return outcome.then((known) => {
      logExchange(logger, request, known, { secrets: tokens.secrets(), harmlessKeys: format.harmlessKeys });
      return known;
    });
  };

  const postOnce = (
    { path, headers, body }: PostRequest,
    token: string,
    deadline: Deadline,
    signal: AbortSignal | undefined,
  ): Promise<Exchange> => {
    const all = [...commonHeaders, ...authorization(token), ...headers];
    return send({ origin, path: `${basePath}${path}`, method: 'POST', headers: all, body }, deadline, signal);
  };

  return {
    async post(post, signal) {
      const deadline = startDeadline(options.timeoutMs, clock);
      try {
        const token = await tokens.get(deadline.leftMs());
        const outcome = await postOnce(post, token, deadline, signal);
        if (outcome.kind !== 'reply' || outcome.status !== 401) return outcome;
        const renewed = await tokens.renew(token, deadline.leftMs());
        return renewed === undefined ? outcome : await postOnce(post, renewed, deadline, signal);
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
      return send({ origin, path: `${basePath}${format.healthPath}`, method: 'GET', headers }, deadline);
    },
    reasonOf(reply, sentBody) {
      const personal = personalStrings(textOf(sentBody), format.harmlessKeys);
      return scrubText(textOf(reply.body), [...tokens.secrets(), ...personal]);
    },
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

interface Redaction {
  readonly secrets: readonly string[];
  readonly harmlessKeys: ReadonlySet<string>;
}

/** Request and reply as far as they may be shown: what the request says of people is not shown of the reply either. */
function logExchange(logger: Logger, request: ExchangeRequest, outcome: Exchange, redaction: Redaction): void {
  const { harmlessKeys } = redaction;
  const sent = request.body === undefined ? undefined : textOf(request.body);
  const secrets =
    sent === undefined ? redaction.secrets : [...redaction.secrets, ...personalStrings(sent, harmlessKeys)];
  logger.debug(
    {
      request: {
        method: request.method,
        url: `${request.origin}${request.path}`,
        headers: shownHeaders(request.headers),
        body: sent === undefined ? undefined : redactText(sent, redaction),
      },
      response: shownOutcome(outcome, { secrets, harmlessKeys }),
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

function shownOutcome(outcome: Exchange, redaction: Redaction): Record<string, unknown> {
  switch (outcome.kind) {
    case 'reply':
      return { status: outcome.status, body: redactText(textOf(outcome.body), redaction), cutBy: outcome.cutBy };
    case 'timeout':
      return { timeoutMs: outcome.timeoutMs };
    case 'failure':
      return { code: outcome.code, reason: outcome.message };
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}
