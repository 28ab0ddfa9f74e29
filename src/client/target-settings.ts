import type { Dispatcher } from 'undici';
import {
  hasFunctions,
  milliseconds,
  nameOf,
  optionOnly,
  setting,
  textThat,
  trueOrFalse,
  type Findings,
  type TableFor,
  type Values,
} from '../core/setting.js';
import { parseBaseUrl } from './base-url.js';
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
   * An undici dispatcher to send through instead of the built-in pool: for a proxy, your own certificate authority or a client
   * certificate. Closing it is up to you.
   * @default one pool with keep-alive
   * @example dispatcher: new ProxyAgent('http://proxy.internal:3128')
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
  dispatcher: optionOnly<Dispatcher | undefined>(
    'dispatcher',
    undefined,
    hasFunctions(['dispatch'], 'must be a dispatcher of undici, such as an Agent'),
    'An undici dispatcher to send through: a proxy, your own certificate authority, a client certificate.',
  ),
} as const satisfies TableFor<TargetSettings>;

/** The base URL and the token are normalised. */
export type TargetConfig = Omit<Values<typeof targetSettings>, 'allowInsecureHttp'>;

/** Normalises the target's values, and checks those that depend on each other. */
export function resolveTarget(
  { allowInsecureHttp, ...given }: Values<typeof targetSettings>,
  isProduction: boolean,
  { issues, warnings }: Findings,
): TargetConfig {
  const parsed = parseBaseUrl(given.baseUrl);
  const baseUrl = 'url' in parsed ? parsed.url : '';
  if ('url' in parsed && parsed.isPublicHttp && !allowInsecureHttp) {
    const problem = 'sends the token unencrypted to a public host; use https';
    if (isProduction) {
      const message = `${problem}, or allow it with allowInsecureHttp: true (CRM_ALLOW_INSECURE_HTTP)`;
      issues.push({ path: nameOf(targetSettings.baseUrl), message });
    } else {
      warnings.push(`baseUrl ${problem}. In production this is refused.`);
    }
  }

  const authToken = typeof given.authToken === 'string' ? normalizeToken(given.authToken) : given.authToken;
  if (typeof given.authToken === 'string' && /[\r\n]$/.test(given.authToken)) {
    warnings.push('authToken ended in a line break, which was dropped; remove it from its file or variable.');
  }
  if (authToken === defaultToken) {
    const problem = 'is the default that everybody knows; set CRM_AUTH_TOKEN';
    if (isProduction) issues.push({ path: nameOf(targetSettings.authToken), message: problem });
    else warnings.push(`authToken ${problem}. In production this is refused.`);
  }
  return { ...given, baseUrl, authToken };
}
