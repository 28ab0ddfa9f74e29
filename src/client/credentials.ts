import type { Clock } from '../core/clock.js';
import type { AuthOptions } from '../format/auth-options.js';
import { createOAuthToken } from './oauth-token.js';
import { checkToken, createTokenSource, type TokenProvider, type TokenSource } from './token.js';

/** What a request is authorised with: tokens, and how one is written into its headers. */
export interface Credentials {
  readonly tokens: TokenSource;
  /** Alternating names and values. */
  readonly headersWith: (token: string) => readonly string[];
}

/**
 * Creates the credentials of a target; `authToken` is only used where `auth` has none of its own, and `proxy` where tokens are asked
 * for.
 */
export function createCredentials(
  auth: AuthOptions | undefined,
  authToken: string | TokenProvider,
  clock: Clock,
  proxy?: string,
): Credentials {
  switch (auth?.kind) {
    case undefined:
      return withToken(authToken, clock, (token) => ['authorization', `Bearer ${token}`]);
    case 'header': {
      const { name = 'authorization', scheme } = auth;
      return withToken(authToken, clock, (token) => [name, scheme === undefined ? token : `${scheme} ${token}`]);
    }
    case 'basic': {
      const { username, password } = auth;
      const encoded = Buffer.from(`${username}:${password}`).toString('base64');
      const credentials = withToken(encoded, clock, (token) => ['authorization', `Basic ${token}`]);
      const secrets = [encoded, username, password].filter((secret) => secret !== '');
      return { ...credentials, tokens: { ...credentials.tokens, secrets: () => secrets } };
    }
    case 'oauth2': {
      const { ask, isExpiring } = createOAuthToken(auth, clock, proxy);
      const tokens = createTokenSource(ask, clock, isExpiring);
      const own = [auth.clientSecret, ...(auth.refreshToken === undefined ? [] : [auth.refreshToken])];
      const headersWith = (token: string): readonly string[] => ['authorization', `Bearer ${token}`];
      return { tokens: { ...tokens, secrets: () => [...tokens.secrets(), ...own] }, headersWith };
    }
    case 'none':
      return { tokens: { ...createTokenSource('', clock), secrets: () => [] }, headersWith: () => [] };
  }
}

function withToken(
  authToken: string | TokenProvider,
  clock: Clock,
  headersWith: Credentials['headersWith'],
): Credentials {
  return { tokens: createTokenSource(authToken, clock), headersWith };
}

/** Whether the option `authToken` is needed beside this `auth`. */
export function needsToken(auth: AuthOptions | undefined): boolean {
  return auth === undefined || auth.kind === 'header';
}

/** What is wrong with an `auth`, without repeating what is in it; undefined if it is right. */
export function checkAuth(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return wrongAuth;
  const auth = value as Record<string, unknown>;
  switch (auth['kind']) {
    case 'none':
      return undefined;
    case 'basic':
      return checkBasic(auth);
    case 'header':
      return checkHeader(auth);
    case 'oauth2':
      return checkOAuth(auth);
    default:
      return wrongAuth;
  }
}

const wrongAuth = 'must be an object whose kind is basic, header, oauth2 or none';

/** RFC 7617 section 2: a user name has no colon, and neither has control characters. */
function checkBasic({ username, password }: Record<string, unknown>): string | undefined {
  if (typeof username !== 'string' || username === '' || !/^[^:\p{Cc}]*$/u.test(username)) {
    return 'must have a username, without a colon and control characters';
  }
  const isRight = typeof password === 'string' && !/\p{Cc}/u.test(password);
  return isRight ? undefined : 'must have a password, without control characters; it may be empty';
}

function checkHeader({ name, scheme }: Record<string, unknown>): string | undefined {
  const isToken = (text: unknown): boolean => typeof text === 'string' && /^[\w!#$%&'*+.^`|~-]{1,64}$/.test(text);
  if (name !== undefined && !isToken(name)) return 'must have the name of a header';
  return scheme === undefined || isToken(scheme) ? undefined : 'must have a scheme of one word, such as Token';
}

function checkOAuth({
  tokenUrl,
  clientId,
  clientSecret,
  scope,
  refreshToken,
}: Record<string, unknown>): string | undefined {
  const url = typeof tokenUrl === 'string' && URL.canParse(tokenUrl) ? new URL(tokenUrl) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) return 'must have a tokenUrl that starts with https://';
  if (checkToken(clientId) !== undefined || checkToken(clientSecret) !== undefined) {
    return 'must have a clientId and a clientSecret of visible ASCII';
  }
  if (refreshToken !== undefined && checkToken(refreshToken) !== undefined)
    return 'must have a refreshToken of visible ASCII';
  return scope === undefined || typeof scope === 'string' ? undefined : 'must have a scope that is text';
}
