import { resolveTarget, type TargetConfig } from '../client/target-settings.js';
import type { Clock } from '../core/clock.js';
import { CRMConfigError } from '../core/errors.js';
import type { Findings } from '../core/setting.js';
import type { HookConfig } from '../hooks/hook-settings.js';
import type { IntakeConfig } from '../notifier/intake-settings.js';
import type { OutboxConfig } from '../outbox/outbox-settings.js';
import { isPostgresUrl, postgresOutbox } from '../outbox/postgres/postgres-outbox.js';
import type { Logger } from '../telemetry/logger.js';
import { resolveLogger } from '../telemetry/logger-settings.js';
import { keepTestsApart } from './keep-tests-apart.js';
import { resolveSettings } from './resolve-settings.js';
import { resolveTargets, type NamedTarget } from './resolve-targets.js';
import { notifierSettings, serviceSettings, type NotifierOptions, type ServiceOptions } from './settings.js';

/** What both configurations have. */
interface CommonConfig {
  readonly logger: Logger;
  /** What is odd but works, one sentence each; the caller logs them. */
  readonly warnings: readonly string[];
}

/** The direct client's configuration from options and variables: complete, checked and normalised. */
export interface ServiceConfig extends CommonConfig {
  readonly target: TargetConfig;
}

/** The notifier's configuration: a group for each part, which gets it whole. */
export interface NotifierConfig extends CommonConfig {
  /** One at least. */
  readonly targets: readonly NamedTarget[];
  readonly outbox: OutboxConfig;
  readonly hooks: HookConfig;
  readonly intake: IntakeConfig;
  readonly clock: Clock;
  /** Whether this is a test run that named no outbox, so that what it makes is kept apart. */
  readonly isApart: boolean;
}

/** Throws `CRMConfigError` with every problem at once. */
export function resolveServiceConfig(options?: ServiceOptions): ServiceConfig {
  const resolved = resolveSettings(serviceSettings, options);
  const { values, findings } = resolved;
  const target = resolveTarget(values.target, resolved);
  throwIssues(findings);
  return { target, logger: resolveLogger(values.log), warnings: findings.warnings };
}

/** Throws `CRMConfigError` with every problem at once. */
export function resolveNotifierConfig(options?: NotifierOptions): NotifierConfig {
  const context = resolveSettings(notifierSettings, options);
  const { values, given, isTest, findings } = context;
  const { hooks, intake, clock } = values;
  const resolved = { outbox: withServer(values.outbox), targets: resolveTargets(context) };
  throwIssues(findings);
  const isApart = isTest && !given.has(notifierSettings.outbox.path);
  const { outbox, targets } = isApart ? keepTestsApart(resolved, findings.warnings) : resolved;
  const logger = resolveLogger(values.log);
  return { targets, outbox, hooks, intake, logger, clock, isApart, warnings: findings.warnings };
}

/** A URL of a server is described as the option is. */
function withServer(outbox: OutboxConfig): OutboxConfig {
  const { path } = outbox;
  if (typeof path !== 'string' || !isPostgresUrl(path)) return outbox;
  return { ...outbox, path: postgresOutbox({ connectionString: path }) };
}

function throwIssues({ issues }: Findings): void {
  if (issues.length > 0) throw new CRMConfigError(issues);
}
