import type { Dispatcher } from 'undici';
import { systemClock, type Clock } from '../core/clock.js';
import { CRMConfigError, type Issue } from '../core/errors.js';
import { createDefaultLogger, type Logger } from '../telemetry/logger.js';
import { parseBaseUrl } from './base-url.js';
import type { NotifierOptions, ServiceOptions } from './notifier-options.js';
import { ownValue, resolveSettings, type Environment, type ResolvedSettings } from './resolve-settings.js';
import { defaultToken, serviceSettings } from './service-settings.js';
import { notifierSettings, type SettingValues } from './settings.js';
import { normalizeToken, type TokenProvider } from './token.js';

/** What options and variables come to for the direct client: complete, checked and normalised. */
export interface ServiceConfig {
  readonly baseUrl: string;
  readonly authToken: string | TokenProvider;
  readonly timeoutMs: number;
  readonly healthTimeoutMs: number;
  readonly logger: Logger;
  readonly dispatcher: Dispatcher | undefined;
  /** What is odd but works; the caller logs them. */
  readonly warnings: readonly string[];
}

/** The same for the notifier. */
export interface NotifierConfig extends ServiceConfig {
  readonly outbox: string;
  readonly sync: 'full' | 'normal';
  readonly guarantee: 'before-response' | 'after-response';
  readonly holdMs: number;
  readonly thread: boolean;
  readonly concurrency: number;
  readonly rateLimit: { readonly perSecond: number; readonly burst: number } | undefined;
  readonly retry: {
    readonly firstDelayMs: number;
    readonly maxDelayMs: number;
    readonly maxAgeMs: number;
    readonly maxRetryAfterMs: number;
  };
  readonly breaker: {
    readonly failureThreshold: number;
    readonly firstDelayMs: number;
    readonly maxDelayMs: number;
    readonly maxPauseMs: number;
  };
  readonly maxPending: { readonly count: number; readonly bytes: number };
  readonly maxUnsaved: { readonly count: number; readonly bytes: number };
  readonly maxBodyBytes: number;
  readonly deadRetentionMs: number;
  readonly mapperTimeoutMs: number;
  readonly clock: Clock;
}

// Options that have no variable.
const serviceOnlyOptions = ['logger', 'dispatcher', 'env'] as const;
const notifierOnlyOptions = [...serviceOnlyOptions, 'clock'] as const;
type PlainOptions = Pick<NotifierOptions, (typeof notifierOnlyOptions)[number]>;

/** Throws `CRMConfigError` with every problem at once. */
export function resolveServiceConfig(options: ServiceOptions = {}): ServiceConfig {
  const plain = ownOptions(options);
  const env = plain.env ?? process.env;
  const resolved = resolveSettings(serviceSettings, options, env, serviceOnlyOptions);
  return serviceConfig(resolved, plain, env, []);
}

/** Throws `CRMConfigError` with every problem at once. */
export function resolveNotifierConfig(options: NotifierOptions = {}): NotifierConfig {
  const plain = ownOptions(options);
  const env = plain.env ?? process.env;
  const resolved = resolveSettings(notifierSettings, options, env, notifierOnlyOptions);
  const { values } = resolved;
  const service = serviceConfig(resolved, plain, env, notifierIssues(values));
  return {
    ...service,
    outbox: values.outbox,
    sync: values.sync,
    guarantee: values.guarantee,
    holdMs: values.holdMs,
    thread: values.thread,
    concurrency: values.concurrency,
    rateLimit:
      values.rateLimitPerSecond === undefined
        ? undefined
        : {
            perSecond: values.rateLimitPerSecond,
            burst: values.rateLimitBurst ?? Math.ceil(values.rateLimitPerSecond),
          },
    retry: {
      firstDelayMs: values.retryFirstDelayMs,
      maxDelayMs: values.retryMaxDelayMs,
      maxAgeMs: values.retryMaxAgeMs,
      maxRetryAfterMs: values.retryMaxRetryAfterMs,
    },
    breaker: {
      failureThreshold: values.breakerFailureThreshold,
      firstDelayMs: values.breakerFirstDelayMs,
      maxDelayMs: values.breakerMaxDelayMs,
      maxPauseMs: values.breakerMaxPauseMs,
    },
    maxPending: { count: values.maxPendingCount, bytes: values.maxPendingBytes },
    maxUnsaved: { count: values.maxUnsavedCount, bytes: values.maxUnsavedBytes },
    maxBodyBytes: values.maxBodyBytes,
    deadRetentionMs: values.deadRetentionMs,
    mapperTimeoutMs: values.mapperTimeoutMs,
    clock: plain.clock ?? systemClock,
  };
}

function serviceConfig(
  resolved: ResolvedSettings<typeof serviceSettings>,
  options: PlainOptions,
  env: Environment,
  furtherIssues: readonly Issue[],
): ServiceConfig {
  const { values } = resolved;
  const isProduction = env['NODE_ENV'] === 'production';
  const issues = [...resolved.issues, ...furtherIssues];
  const warnings = [...resolved.warnings];

  const parsed = parseBaseUrl(values.baseUrl);
  const baseUrl = 'url' in parsed ? parsed.url : '';
  if ('url' in parsed && parsed.isPublicHttp && !values.allowInsecureHttp) {
    const problem = 'sends the token unencrypted to a public host; use https';
    if (isProduction) {
      const path = `${serviceSettings.baseUrl.option} (${serviceSettings.baseUrl.variable})`;
      issues.push({ path, message: `${problem}, or allow it with allowInsecureHttp: true (CRM_ALLOW_INSECURE_HTTP)` });
    } else {
      warnings.push(`baseUrl ${problem}. In production this is refused.`);
    }
  }

  const authToken: unknown = values.authToken;
  const token = typeof authToken === 'string' ? normalizeToken(authToken) : authToken;
  if (typeof authToken === 'string' && /[\r\n]$/.test(authToken)) {
    warnings.push('authToken ended in a line break, which was dropped; remove it from its file or variable.');
  }
  if (token === defaultToken) {
    const problem = 'is the default that everybody knows; set CRM_AUTH_TOKEN';
    if (isProduction) issues.push({ path: 'authToken (CRM_AUTH_TOKEN)', message: problem });
    else warnings.push(`authToken ${problem}. In production this is refused.`);
  }

  if (options.logger !== undefined && !hasFunctions(options.logger, ['debug', 'info', 'warn', 'error'])) {
    issues.push({ path: 'logger', message: 'must have the functions debug, info, warn and error, as pino has' });
  }
  if (options.dispatcher !== undefined && !hasFunctions(options.dispatcher, ['dispatch'])) {
    issues.push({ path: 'dispatcher', message: 'must be a dispatcher of undici, such as an Agent' });
  }
  if (issues.length > 0) throw new CRMConfigError(issues);
  return {
    baseUrl,
    authToken: token as string | TokenProvider,
    timeoutMs: values.timeoutMs,
    healthTimeoutMs: values.healthTimeoutMs,
    logger: options.logger ?? createDefaultLogger(values.logLevel),
    dispatcher: options.dispatcher,
    warnings,
  };
}

/** What no single setting can see: how they stand to each other. */
function notifierIssues(values: SettingValues<typeof notifierSettings>): Issue[] {
  const issues: Issue[] = [];
  if (values.rateLimitBurst !== undefined && values.rateLimitPerSecond === undefined) {
    issues.push({
      path: 'rateLimit.burst (CRM_RATE_LIMIT_BURST)',
      message: 'needs rateLimit.perSecond (CRM_RATE_LIMIT_PER_SECOND) beside it',
    });
  }
  return issues;
}

/** The options without a variable: own properties only, as with the others. */
function ownOptions(options: unknown): PlainOptions {
  return Object.fromEntries(notifierOnlyOptions.map((name) => [name, ownValue(options, name)]));
}

function hasFunctions(value: unknown, names: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function');
}
