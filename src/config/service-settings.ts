import { parseBaseUrl } from './base-url.js';
import { checkToken, normalizeToken } from './token.js';
import { asBoolean, asNumber, asText, milliseconds, oneOf, setting } from './setting.js';

const checkBaseUrl = (value: unknown): string | undefined => {
  const parsed = parseBaseUrl(value);
  return 'problem' in parsed ? parsed.problem : undefined;
};

const checkAuthToken = (value: unknown): string | undefined => {
  if (typeof value === 'function') return undefined;
  return checkToken(typeof value === 'string' ? normalizeToken(value) : value);
};

export const checkBoolean = (value: unknown): string | undefined =>
  typeof value === 'boolean' ? undefined : 'must be true or false';

export const defaultToken = 'your-secret-token';

/** What the direct client needs. */
export const serviceSettings = {
  baseUrl: setting('baseUrl', 'CRM_BASE_URL', 'http://localhost:5001', asText, checkBaseUrl, 'Where the CRM is.'),
  authToken: setting(
    'authToken',
    'CRM_AUTH_TOKEN',
    defaultToken,
    asText,
    checkAuthToken,
    'The bearer token. The default is refused in production.',
  ),
  timeoutMs: setting('timeoutMs', 'CRM_TIMEOUT_MS', 10_000, asNumber, milliseconds, 'The deadline of one exchange.'),
  healthTimeoutMs: setting(
    'healthTimeoutMs',
    'CRM_HEALTH_TIMEOUT_MS',
    5_000,
    asNumber,
    milliseconds,
    'The deadline of a health check.',
  ),
  allowInsecureHttp: setting(
    'allowInsecureHttp',
    'CRM_ALLOW_INSECURE_HTTP',
    false,
    asBoolean,
    checkBoolean,
    'Whether the token may travel unencrypted to a public host in production.',
  ),
  logLevel: setting(
    'logLevel',
    'CRM_LOG_LEVEL',
    'info',
    asText,
    oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    'The level of the default logger: trace, debug, info, warn, error, fatal or silent.',
  ),
} as const;
