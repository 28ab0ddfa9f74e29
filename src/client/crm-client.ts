import { setMaxListeners } from 'node:events';
import type * as Undici from 'undici';
import type { Dispatcher, Pool, ProxyAgent } from 'undici';
import type { Clock } from '../core/clock.js';
import { hiddenPartsOf, shownUrl } from '../core/shown-url.js';
import { tokenFailureCode } from '../core/token-failure-code.js';
import { version } from '../core/version.js';
import type { Logger } from '../telemetry/logger.js';
import type { Format, PostRequest, Reply } from '../format/format.js';
import { personalStrings, redactText, scrubText } from '../telemetry/redact.js';
import { type Deadline, exchange, type Exchange, type ExchangeRequest, startDeadline } from './exchange.js';
import type { TargetConfig } from './target-settings.js';
import { createCredentials } from './credentials.js';

export interface CrmClientOptions extends TargetConfig {
  /** The most connections at once. */
  readonly connections: number;
  readonly clock: Clock;
  readonly logger: Required<Logger>;
  /** The health route, and what a debug line may show of a body. */
  readonly format: Pick<Format, 'healthPath' | 'notifyPath' | 'harmlessKeys'>;
  /** Whether a request may start, asked as its bytes are about to be written. @default always */
  readonly mayStart?: (() => boolean) | undefined;
}

/** Sends requests to the CRM, with the token, over connections that are kept open. */
export interface CrmClient {
  /**
   * Posts with the token; when the CRM responds with 401, once more with a newer token if there is one. Aborting `signal` ends
   * the exchange as if its time limit had passed.
   */
  post(request: PostRequest, signal?: AbortSignal): Promise<Exchange>;
  /** Sends a health check. */
  health(): Promise<Exchange>;
  /**
   * Why the CRM did not take `sentBody`, in the reply's words, safe to log and store: at most 1024 characters, without the token
   * and without anything personal from the request.
   */
  reasonOf(reply: Reply, sentBody: Uint8Array): string;
  /** Closes idle connections and cuts off exchanges under way. */
  close(): Promise<void>;
}

/** Creates the client without connecting: the first exchange connects, later ones reuse the connections (keep-alive). */
export function createCrmClient(options: CrmClientOptions): CrmClient {
  const { clock, logger, format } = options;
  const { origin, pathname } = new URL(options.baseUrl);
  const basePath = pathname.replace(/\/$/, '');
  const closing = new AbortController();
  const dispatcher = options.dispatcher ?? createPool(origin, options, closing.signal);
  // For the app's own dispatcher and for a proxy this is unknown; what happens to their stale connections is up to them.
  const isOwnPool = options.dispatcher === undefined && options.proxy === undefined;
  const isConnecting = isOwnPool ? watchConnecting(dispatcher) : () => true;
  const connections = { dispatcher, clock, isConnecting, mayStart: options.mayStart };
  const { tokens, headersWith } = createCredentials(options.auth, options.authToken, clock, options.proxy);
  // A reply to a wrong URL often repeats its path.
  const hiddenParts = hiddenPartsOf(`${options.baseUrl}${format.notifyPath}`);
  const secrets = (): readonly string[] => [...tokens.secrets(), ...hiddenParts];

  const send = (request: ExchangeRequest, deadline: Deadline, signal?: AbortSignal): Promise<Exchange> => {
    const exchanged = exchange(connections, request, deadline, signal);
    if (!logger.isLevelEnabled('debug')) return exchanged;
    return exchanged.then((outcome) => {
      logExchange(logger, request, outcome, { secrets: secrets(), harmlessKeys: format.harmlessKeys });
      return outcome;
    });
  };

  const postOnce = (
    { path, headers, body }: PostRequest,
    token: string,
    deadline: Deadline,
    signal: AbortSignal | undefined,
  ): Promise<Exchange> => {
    const allHeaders = [...commonHeaders, ...headersWith(token), ...headers];
    return send({ origin, path: `${basePath}${path}`, method: 'POST', headers: allHeaders, body }, deadline, signal);
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
        // What a provider throws may contain anything, even the token.
        return { kind: 'failure', code: tokenFailureCode, message: 'the token provider failed', wasSent: false };
      }
    },
    async health() {
      const deadline = startDeadline(options.healthTimeoutMs, clock);
      // A CRM may require the token for its health route too; if there is no token, the CRM's response shows that.
      const token = await tokens.get(deadline.leftMs()).catch(() => undefined);
      const headers = token === undefined ? commonHeaders : [...commonHeaders, ...headersWith(token)];
      return send({ origin, path: `${basePath}${format.healthPath}`, method: 'GET', headers }, deadline);
    },
    reasonOf(reply, sentBody) {
      const personal = personalStrings(textOf(sentBody), format.harmlessKeys);
      return scrubText(textOf(reply.body), [...secrets(), ...personal]);
    },
    async close() {
      if (options.dispatcher !== undefined) return;
      const destroyed = dispatcher.destroy();
      // Abort the connections that are still being made: destroying does not end them.
      closing.abort();
      await destroyed;
    },
  };
}

// How early undici's timers may be: they tick twice a second.
const connectLeewayMs = 500;

/** Each exchange's deadline covers connecting too; the pool's own limit only frees the connection afterwards. */
function createPool(
  origin: string,
  { connections, timeoutMs, tls, proxy }: CrmClientOptions,
  signal: AbortSignal,
): Pool | ProxyAgent {
  // Loaded where it is used: it is most of this package's start, and an app whose post office has a thread does without it.
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- An import would load it at the start.
  const undici = require('undici') as typeof Undici;
  const connectTimeout = timeoutMs + connectLeewayMs;
  const { ca, cert, key } = tls ?? {};
  const certificates = { ca: typeof ca === 'object' ? [...ca] : ca, cert, key };
  if (proxy !== undefined)
    return new undici.ProxyAgent({ uri: proxy, connections, connectTimeout, requestTls: certificates });
  // No warning about a leak: there is one listener for each connection.
  setMaxListeners(0, signal);
  return new undici.Pool(origin, { connections, connectTimeout, connect: { signal, ...certificates } });
}

/**
 * Returns a function that a request calls when it starts: whether it starts on a connection that has just been made. undici
 * starts the request that waited for a connection in the same turn.
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
  // A compressed reply would have to be unpacked, and could unpack to any size.
  'accept-encoding',
  'identity',
  'user-agent',
  `express-crm-notifier/${version}`,
];

interface Redaction {
  readonly secrets: readonly string[];
  readonly harmlessKeys: ReadonlySet<string>;
}

/** Logs request and reply, redacted: personal data of the request is removed from the reply as well. */
function logExchange(logger: Logger, request: ExchangeRequest, outcome: Exchange, redaction: Redaction): void {
  const { harmlessKeys } = redaction;
  const sent = request.body === undefined ? undefined : textOf(request.body);
  const secrets =
    sent === undefined ? redaction.secrets : [...redaction.secrets, ...personalStrings(sent, harmlessKeys)];
  logger.debug(
    {
      request: {
        method: request.method,
        url: shownUrl(`${request.origin}${request.path}`),
        headers: shownHeaders(request.headers, redaction),
        body: sent === undefined ? undefined : redactText(sent, redaction),
      },
      response: shownOutcome(outcome, { secrets, harmlessKeys }),
    },
    'CRM request and response',
  );
}

function shownHeaders(headers: readonly string[], { secrets }: Redaction): Record<string, string> {
  const shown: Record<string, string> = {};
  for (let index = 0; index < headers.length; index += 2) {
    const [name = '', value = ''] = headers.slice(index, index + 2);
    // The scheme may stay; a secret may be in a header of any name.
    const isSecret = secrets.some((secret) => secret !== '' && value.includes(secret));
    shown[name] = name === 'authorization' || isSecret ? redactedHeader(value) : value;
  }
  return shown;
}

function redactedHeader(value: string): string {
  const [scheme, rest] = value.split(' ', 2);
  return rest === undefined ? '[redacted]' : `${String(scheme)} [redacted]`;
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
