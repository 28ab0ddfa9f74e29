import type * as Undici from 'undici';
import type { Clock } from '../core/clock.js';
import type { AuthOptions } from '../format/auth-options.js';
import type { TokenProvider } from './token.js';

/** Asks for access tokens. */
export interface OAuthToken {
  readonly ask: TokenProvider;
  /** Whether the last token ends soon. */
  readonly isExpiring: () => boolean;
}

const timeoutMs = 10_000;
const maxReplyBytes = 64 * 1024;
/** A token is asked for again so long before it ends, so that no request is under way with one that has ended. */
const leewayMs = 60_000;

/**
 * Asks an authorisation server for tokens: with the client's own credentials (RFC 6749 section 4.4), or with a refresh token
 * (section 6). The client identifies itself by HTTP Basic, as every such server must allow (section 2.3.1). Goes through the proxy,
 * if there is one.
 */
export function createOAuthToken(
  auth: Extract<AuthOptions, { kind: 'oauth2' }>,
  clock: Clock,
  proxy: string | undefined,
): OAuthToken {
  const { tokenUrl, clientId, clientSecret, scope } = auth;
  let refreshToken = auth.refreshToken;
  let endsAtMs = Infinity;

  const form = (): URLSearchParams => {
    const fields = new URLSearchParams(
      refreshToken === undefined
        ? { grant_type: 'client_credentials' }
        : { grant_type: 'refresh_token', refresh_token: refreshToken },
    );
    if (scope !== undefined) fields.set('scope', scope);
    return fields;
  };

  return {
    isExpiring: () => clock.monotonicMs() >= endsAtMs,
    async ask() {
      const askedAtMs = clock.monotonicMs();
      const credentials = `${encode(clientId)}:${encode(clientSecret)}`;
      const { status, body } = await post({ url: tokenUrl, credentials, form: form().toString(), proxy });
      const reply = parse(body);
      const token = reply?.['access_token'];
      // Nothing of the reply is quoted: it may repeat what was sent.
      if (status !== 200 || typeof token !== 'string') {
        throw new Error(`the authorisation server responded with ${String(status)} and no access token`);
      }
      const seconds = Number(reply?.['expires_in']);
      endsAtMs =
        Number.isFinite(seconds) && seconds > 0 ? askedAtMs + Math.max(0, seconds * 1_000 - leewayMs) : Infinity;
      const renewed = reply?.['refresh_token'];
      if (refreshToken !== undefined && typeof renewed === 'string') refreshToken = renewed;
      return token;
    },
  };
}

interface TokenRequest {
  readonly url: string;
  readonly credentials: string;
  readonly form: string;
  readonly proxy: string | undefined;
}

/** Redirects are not followed: the secret goes to no other host. */
async function post(request: TokenRequest): Promise<{ readonly status: number; readonly body: string }> {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- Loaded when it is needed; see crm-client.ts.
  const undici = require('undici') as typeof Undici;
  // Tokens are asked for so seldom that no connection is kept. The target's certificates are for the target alone.
  const agent = request.proxy === undefined ? undefined : new undici.ProxyAgent(request.proxy);
  try {
    const { statusCode, body } = await undici.request(request.url, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(request.credentials).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
        accept: 'application/json',
      },
      body: request.form,
      signal: AbortSignal.timeout(timeoutMs),
      dispatcher: agent ?? undici.getGlobalDispatcher(),
    });
    return { status: statusCode, body: await textOf(body) };
  } finally {
    await agent?.destroy();
  }
}

async function textOf(body: AsyncIterable<unknown>): Promise<string> {
  let text = '';
  for await (const chunk of body) {
    text += Buffer.from(chunk as Uint8Array).toString('utf8');
    if (text.length > maxReplyBytes) throw new Error('the authorisation server responded with too much');
  }
  return text;
}

/** As a form encodes it: RFC 6749 section 2.3.1 and appendix B. */
function encode(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1);
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
