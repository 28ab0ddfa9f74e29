import type { Command } from 'commander';
import { createCrmClient } from '../client/crm-client.js';
import { CRMNotificationService } from '../client/crm-notification-service.js';
import { defaultToken, type TargetConfig } from '../client/target-settings.js';
import { resolveServiceConfig, type ServiceConfig } from '../config/resolve-config.js';
import { systemClock } from '../core/clock.js';
import { CRMHttpError } from '../core/errors.js';
import { shownUrl } from '../core/shown-url.js';
import { crmFormat } from '../format/crm-format.js';
import { createSafeLogger } from '../telemetry/logger.js';
import { addConnectionOptions, parseId, serviceOptionsOf, type ConnectionOptions } from './arguments.js';
import { interruptible, setAction, type CliContext, type CommandSession, type CommonOptions } from './command.js';
import { diagnoseError, diagnoseHealth, hasNoHealthRoute, type Diagnosis, type DiagnosisContext } from './diagnosis.js';
import { envFileText } from './env-file.js';
import { errorsAsDebug } from './output.js';

interface CheckOptions extends CommonOptions, ConnectionOptions {
  readonly sendTest?: true;
  readonly testUserId: string;
}

/** `accepted`: the CRM requires a token and accepts this one. `untested`: it responded without checking it. */
type TokenState = 'accepted' | 'refused' | 'untested';

interface CheckResult {
  /** Undefined if all is well. */
  readonly diagnosis?: Diagnosis;
  readonly token: TokenState;
  /** Whether the CRM has no `/health`, so that only the test notification was checked. */
  readonly hasNoHealth?: boolean;
}

const testType = 'connection_test';

export function addCheckCommand(program: Command, context: CliContext): void {
  const command = program
    .command('check')
    .description('check that the CRM is reachable and accepts the token; if not, say why and what to do')
    .option('--send-test', `post one harmless notification of type ${testType}: a sure test of the token`)
    .option('--test-user-id <id>', 'the user id of that notification', testType)
    .addHelpText(
      'after',
      `
Sends GET /health with the token. Creates nothing in the CRM, unless --send-test is given. With --send-test, a CRM that has
no /health is checked by the test notification alone.

Examples:
  $ crm-notifier check
  $ crm-notifier check --base-url http://localhost:5001 --timeout-ms 2000
  $ crm-notifier check --token-file /run/secrets/crm-token --send-test`,
    );
  setAction<CheckOptions>(addConnectionOptions(command), context, check);
}

async function check(session: CommandSession<CheckOptions>): Promise<'done' | 'failed'> {
  const { context, envFile, options, output, logger } = session;
  if (envFile !== undefined) output.note(envFileText(envFile));
  const quietLogger = errorsAsDebug(logger);
  const given = serviceOptionsOf(options, context, quietLogger);
  const serviceOptions = { ...given, healthTimeoutMs: options.timeoutMs };
  const config = resolveServiceConfig(serviceOptions);
  const { authToken } = config.target;
  const baseUrl = shownUrl(config.target.baseUrl);
  const diagnosisContext: DiagnosisContext = { baseUrl, isDefaultToken: authToken === defaultToken };

  const runChecks = async (): Promise<CheckResult> => {
    const health = await requestHealth(config, authToken);
    const diagnosis = diagnoseHealth(health, diagnosisContext);
    const hasNoHealth = hasNoHealthRoute(health);
    if (diagnosis !== undefined && !(hasNoHealth && options.sendTest === true)) return failedCheck(diagnosis);
    if (options.sendTest === true) {
      const service = new CRMNotificationService(serviceOptions);
      const result = sendTest(service, options.testUserId, diagnosisContext).finally(() => service.close());
      return { ...(await result), hasNoHealth };
    }
    // The CRM has checked our token only if it refuses the same request without one.
    const withoutToken = await requestHealth(config, () => Promise.reject(new Error('none')));
    const isTokenRequired = withoutToken.kind === 'reply' && [401, 403].includes(withoutToken.status);
    return { token: isTokenRequired ? 'accepted' : 'untested' };
  };
  // The service of --send-test logs them itself.
  if (options.sendTest !== true) for (const warning of config.warnings) quietLogger.warn({}, warning);

  const { diagnosis, token, hasNoHealth = false } = await interruptible(runChecks(), context.stop);
  const common = { baseUrl, envFile: envFile?.path, health: hasNoHealth ? 'missing' : undefined, token };
  const missing = hasNoHealth
    ? `The CRM at ${baseUrl} has no /health, so only the test notification was checked.\n`
    : '';
  if (diagnosis !== undefined) {
    const { trouble, message, advice } = diagnosis;
    output.result({ ok: false, ...common, trouble, message, advice }, `${missing}Check failed: ${message}.\n${advice}`);
    return 'failed';
  }
  const verdict = hasNoHealth ? missing : `The CRM at ${baseUrl} is healthy.\n`;
  output.result({ ok: true, ...common }, `${verdict}${tokenSentence(token, options)}`);
  return 'done';
}

async function requestHealth(config: ServiceConfig, authToken: TargetConfig['authToken']) {
  const { target, logger } = config;
  const client = createCrmClient({
    ...target,
    authToken,
    connections: 1,
    clock: systemClock,
    format: crmFormat,
    logger: createSafeLogger(logger),
  });
  try {
    return await client.health();
  } finally {
    await client.close();
  }
}

async function sendTest(
  service: CRMNotificationService,
  userId: string,
  context: DiagnosisContext,
): Promise<CheckResult> {
  try {
    await service.sendNotification({
      notificationType: testType,
      userId: parseId(userId),
      message: 'Connection test of crm-notifier; nothing happened',
    });
    return { token: 'accepted' };
  } catch (error) {
    const diagnosis = diagnoseError(error, context);
    if (diagnosis === undefined) throw error;
    if (!(error instanceof CRMHttpError) || (error.status !== 400 && error.status !== 422)) {
      return failedCheck(diagnosis);
    }
    const message = `the CRM is reachable but rejected the test notification (it responded with ${String(error.status)})`;
    const advice = 'If it expects the id of a user it knows, give one with --test-user-id.';
    return { diagnosis: { trouble: 'unhealthy', message, advice }, token: 'untested' };
  }
}

function failedCheck(diagnosis: Diagnosis): CheckResult {
  return { diagnosis, token: diagnosis.trouble === 'wrong-token' ? 'refused' : 'untested' };
}

function tokenSentence(token: TokenState, { sendTest: hasSent }: CheckOptions): string {
  if (token !== 'accepted') {
    return (
      'The token was NOT tested: this CRM responds to /health without checking it. To test it, add --send-test, which ' +
      `posts one harmless notification of type ${testType}.`
    );
  }
  return hasSent === true ? 'It accepted a test notification, so the token is right.' : 'It accepts the token.';
}
