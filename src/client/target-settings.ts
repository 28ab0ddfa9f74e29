import type { Dispatcher } from 'undici';
import {
  type Findings,
  type Setting,
  hasFunctions,
  milliseconds,
  nameOf,
  optionOnly,
  setting,
  type TableFor,
  textThat,
  trueOrFalse,
  type Values,
} from '../core/setting.js';
import type { AuthOptions } from '../format/auth-options.js';
import { crmFormat } from '../format/crm-format.js';
import { checkProxy, checkTls, type TlsOptions } from './connection-options.js';
import { checkAuth, needsToken } from './credentials.js';
import { isMetadataAddress, isPrivateHost } from './host-kinds.js';
import { checkToken, normalizeToken, type TokenProvider } from './token.js';

/** Where notifications are sent, and how. */
export interface TargetSettings {
  /**
   * The CRM's URL: http or https, with an optional path that is kept (`https://h/base` posts to `/base/notify`).
   * Variable `CRM_BASE_URL`.
   * @default 'http://localhost:5001'
   * @example baseUrl: 'https://crm.example.com'
   */
  readonly baseUrl?: string | undefined;
  /**
   * The bearer token, or a function that returns it. The function is called once, and again after the CRM has responded
   * with 401, so pass one if tokens expire. Variable `CRM_AUTH_TOKEN`.
   * @default 'your-secret-token', with a warning; refused when `NODE_ENV` is `production`
   * @example authToken: async () => (await vault.read('crm')).token
   */
  readonly authToken?: string | TokenProvider | undefined;
  /**
   * How requests are authorised: by user name and password, a header of its own, or a token from an OAuth 2 server.
   * @default what the format needs, else the token as `Authorization: Bearer`
   * @example auth: { kind: 'basic', username: 'site', password: key }
   */
  readonly auth?: AuthOptions | undefined;
  /**
   * The time limit of one exchange with the CRM, in milliseconds: connecting, headers and body together. Raise it for a CRM
   * that is slow but does respond. Variable `CRM_TIMEOUT_MS`.
   * @default 10_000
   */
  readonly timeoutMs?: number | undefined;
  /**
   * The time limit of a health check, in milliseconds. Variable `CRM_HEALTH_TIMEOUT_MS`.
   * @default 5_000
   */
  readonly healthTimeoutMs?: number | undefined;
  /**
   * Allows sending the token unencrypted to a public host in production. Only for a network that is secured in another way.
   * Variable `CRM_ALLOW_INSECURE_HTTP`.
   * @default false: refused in production, a warning elsewhere
   */
  readonly allowInsecureHttp?: boolean | undefined;
  /**
   * Certificates, as PEM: authorities of your own in `ca`, a client's certificate in `cert` and `key`.
   * @default Node's authorities, and no client certificate
   * @example tls: { ca: readFileSync('ca.pem', 'utf8') }
   */
  readonly tls?: TlsOptions | undefined;
  /**
   * The URL of a proxy to connect through, by CONNECT (RFC 9110 section 9.3.6). The variables `HTTP_PROXY` and `HTTPS_PROXY` are not
   * looked at.
   * @default none
   * @example proxy: 'http://proxy.internal:3128'
   */
  readonly proxy?: string | undefined;
  /**
   * An undici dispatcher to send through instead of the built-in pool, for what `tls` and `proxy` cannot do; delivery then runs on
   * the app's own thread. Closing it is up to you.
   * @default one pool with keep-alive
   * @example dispatcher: new Agent({ connect: { servername: 'crm.internal' } })
   */
  readonly dispatcher?: Dispatcher | undefined;
}

export const defaultToken = 'your-secret-token';

const url = textThat((value) => {
  const parsed = parseBaseUrl(value);
  return 'problem' in parsed ? parsed.problem : undefined;
});

const token = textThat((value) => {
  if (typeof value === 'function') return undefined;
  return checkToken(typeof value === 'string' ? normalizeToken(value) : value);
});

export const targetSettings = {
  baseUrl: setting('baseUrl', 'CRM_BASE_URL', 'http://localhost:5001', url, 'Where the CRM is.'),
  authToken: setting<string | TokenProvider>(
    'authToken',
    'CRM_AUTH_TOKEN',
    defaultToken,
    token,
    'The bearer token. The default is refused in production.',
  ),
  auth: optionOnly<AuthOptions | undefined>(
    'auth',
    undefined,
    checkAuth,
    'How requests are authorised, if not by the token as a bearer token.',
  ),
  timeoutMs: setting('timeoutMs', 'CRM_TIMEOUT_MS', 10_000, milliseconds, 'The deadline of one exchange.'),
  healthTimeoutMs: setting(
    'healthTimeoutMs',
    'CRM_HEALTH_TIMEOUT_MS',
    5_000,
    milliseconds,
    'The deadline of a health check.',
  ),
  allowInsecureHttp: setting(
    'allowInsecureHttp',
    'CRM_ALLOW_INSECURE_HTTP',
    false,
    trueOrFalse,
    'Whether the token may travel unencrypted to a public host in production.',
  ),
  tls: optionOnly<TlsOptions | undefined>(
    'tls',
    undefined,
    checkTls,
    'Certificates: authorities of your own, and a client certificate.',
  ),
  proxy: optionOnly<string | undefined>('proxy', undefined, checkProxy, 'The URL of a proxy to connect through.'),
  dispatcher: optionOnly<Dispatcher | undefined>(
    'dispatcher',
    undefined,
    hasFunctions(['dispatch'], 'must be a dispatcher of undici, such as an Agent'),
    'An undici dispatcher to send through, for what tls and proxy cannot do.',
  ),
} as const satisfies TableFor<TargetSettings>;

/** The base URL and the token are normalised. */
export type TargetConfig = Omit<Values<typeof targetSettings>, 'allowInsecureHttp'>;

/** What resolving the target needs besides its values. */
interface TargetContext {
  readonly isProduction: boolean;
  /** What an option or a variable sets, by its setting. */
  readonly given: ReadonlyMap<Setting<unknown>, unknown>;
  readonly findings: Findings;
  /** Where its options are, such as `targets.sales`; undefined for the options themselves. */
  readonly path?: string | undefined;
}

/** Normalises the target's values, and checks those that depend on each other. */
export function resolveTarget(
  { allowInsecureHttp, ...given }: Values<typeof targetSettings>,
  { isProduction, given: settingsGiven, findings: { issues, warnings }, path }: TargetContext,
): TargetConfig {
  const [urlName, tokenName] = path === undefined ? ['baseUrl', 'authToken'] : [`${path}.baseUrl`, `${path}.authToken`];
  const parsed = parseBaseUrl(given.baseUrl);
  const baseUrl = 'url' in parsed ? parsed.url : '';
  if ('url' in parsed && parsed.isPublicHttp && !allowInsecureHttp) {
    const problem = 'sends the token unencrypted to a public host; use https';
    if (isProduction) {
      const message = `${problem}, or allow it with allowInsecureHttp: true (CRM_ALLOW_INSECURE_HTTP)`;
      issues.push({ path: nameOf(targetSettings.baseUrl, path), message });
    } else {
      warnings.push(`${urlName} ${problem}. In production this is refused.`);
    }
  }

  const { auth } = given;
  // What is no URL is an issue already.
  const tokenUrl = auth?.kind === 'oauth2' && URL.canParse(auth.tokenUrl) ? new URL(auth.tokenUrl) : undefined;
  if (tokenUrl !== undefined && isPublicHttp(tokenUrl) && !allowInsecureHttp) {
    const problem = 'has a tokenUrl that sends the client’s secret unencrypted to a public host; use https';
    if (isProduction) issues.push({ path: nameOf(targetSettings.auth, path), message: problem });
    else warnings.push(`${nameOf(targetSettings.auth, path)} ${problem}. In production this is refused.`);
  }

  if (isProduction && !settingsGiven.has(targetSettings.baseUrl)) {
    warnings.push(`${urlName} is the default, ${baseUrl}; set CRM_BASE_URL, unless the CRM is on this machine.`);
  }

  const authToken = typeof given.authToken === 'string' ? normalizeToken(given.authToken) : given.authToken;
  if (typeof given.authToken === 'string' && /[\r\n]$/.test(given.authToken)) {
    warnings.push(`${tokenName} ended in a line break, which was dropped; remove it from its file or variable.`);
  }
  if (authToken === defaultToken && needsToken(given.auth)) {
    const problem = 'is the default that everybody knows; set CRM_AUTH_TOKEN';
    if (isProduction) issues.push({ path: nameOf(targetSettings.authToken, path), message: problem });
    else warnings.push(`${tokenName} ${problem}. In production this is refused.`);
  }
  return { ...given, baseUrl, authToken };
}

/** Either the URL as it will be used, or what is wrong with it, without repeating the value. */
export type BaseUrl = { readonly url: string; readonly isPublicHttp: boolean } | { readonly problem: string };

/**
 * Parses the CRM's base URL: http or https, with a host, optionally a port and a path. Slashes at the end of the path are
 * dropped, so `https://h/base` and `https://h/base/` mean the same.
 */
export function parseBaseUrl(text: unknown): BaseUrl {
  if (typeof text !== 'string') return { problem: 'must be a string such as http://localhost:5001' };
  if (text === '') return { problem: 'must not be empty; give a URL such as http://localhost:5001' };
  // The URL parser would drop some of these silently.
  if (/[\s\p{Cc}]/u.test(text)) return { problem: 'must not contain spaces, tabs or line breaks' };
  if (!/^https?:\/\//i.test(text)) return { problem: 'must start with http:// or https://' };
  if (!URL.canParse(text)) return { problem: 'is not a valid URL; check the host and the port (1 to 65535)' };
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') {
    return { problem: 'must not contain a user or password; the token goes into authToken (CRM_AUTH_TOKEN)' };
  }
  if (/[?#]/.test(text)) return { problem: 'must not have a query or fragment; they would be lost' };
  const { notifyPath } = crmFormat;
  if (url.pathname.replace(/\/+$/, '').toLowerCase().endsWith(notifyPath)) {
    return { problem: `must not end in ${notifyPath}, which is added to it; leave that out` };
  }
  if (url.port === '0') return { problem: 'must not use port 0' };
  if (isMetadataAddress(url.hostname)) {
    return { problem: 'is the address of a cloud machine’s metadata service, which is no CRM' };
  }
  // The same name (RFC 6761 section 6.3), but not every resolver resolves it with the dot.
  if (url.hostname === 'localhost.') url.hostname = 'localhost';
  return {
    url: `${url.origin}${url.pathname.replace(/\/+$/, '')}`,
    isPublicHttp: isPublicHttp(url),
  };
}

function isPublicHttp({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && !isPrivateHost(hostname);
}
