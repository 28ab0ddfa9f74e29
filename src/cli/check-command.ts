import type { Command } from 'commander';
import { createCrmClient } from '../client/crm-client.js';
import { CRMNotificationService } from '../client/crm-notification-service.js';
import { defaultToken, type TargetConfig } from '../client/target-settings.js';
import { resolveServiceConfig, type ServiceConfig } from '../config/resolve-config.js';
import { systemClock } from '../core/clock.js';
import { CRMHttpError } from '../core/errors.js';
import { crmFormat } from '../format/crm-format.js';
import { createSafeLogger } from '../telemetry/logger.js';
import type { CliContext } from './cli-context.js';
import { setAction, type CommandSession, type CommonOptions } from './command-action.js';
import { addConnectionOptions, serviceOptionsOf, type ConnectionOptions } from './connection-options.js';
import { diagnoseError, diagnoseHealth, type Diagnosis, type DiagnosisContext } from './diagnosis.js';
import { idOf } from './id-value.js';
import { interruptible } from './interruptible.js';
import { withoutErrors } from './stderr-logger.js';

interface CheckOptions extends CommonOptions, ConnectionOptions {
  readonly sendTest?: true;
  readonly testUserId: string;
}

/** `accepted`: the CRM wants a token, and took this one. `untested`: it answered without looking at it. */
type TokenState = 'accepted' | 'refused' | 'untested';

const testType = 'connection_test';

export function addCheckCommand(program: Command, context: CliContext): void {
  const command = program
    .command('check')
    .description('says whether the CRM can be reached and takes the token, and if not, why and what to do')
    .option('--send-test', `post one harmless notification of type ${testType}: the sure way to test the token`)
    .option('--test-user-id <id>', 'the user id of that notification', testType)
    .addHelpText(
      'after',
      `
It asks GET /health with the token, and creates nothing in the CRM unless --send-test is given.

Examples:
  $ crm-notifier check
  $ crm-notifier check --base-url http://localhost:5001 --timeout-ms 2000
  $ crm-notifier check --token-file /run/secrets/crm-token --send-test`,
    );
  setAction<CheckOptions>(addConnectionOptions(command), context, check);
}

async function check({ context, options, output, logger }: CommandSession<CheckOptions>): Promise<'done' | 'failed'> {
  const quiet = withoutErrors(logger);
  const given = serviceOptionsOf(options, context, quiet);
  const serviceOptions = { ...given, healthTimeoutMs: options.timeoutMs };
  const config = resolveServiceConfig(serviceOptions);
  const { baseUrl, authToken } = config.target;
  const seen: DiagnosisContext = { baseUrl, isDefaultToken: authToken === defaultToken };

  const work = async (): Promise<{ readonly diagnosis?: Diagnosis; readonly token: TokenState }> => {
    const diagnosis = diagnoseHealth(await askHealth(config, authToken), seen);
    if (diagnosis !== undefined) return { diagnosis, token: tokenAfter(diagnosis) };
    if (options.sendTest === true) {
      const service = new CRMNotificationService(serviceOptions);
      return sendTest(service, options.testUserId, seen).finally(() => service.close());
    }
    // Only a CRM that refuses the same question without a token has looked at the one it got.
    const withoutToken = await askHealth(config, () => Promise.reject(new Error('none')));
    const isGuarded = withoutToken.kind === 'reply' && [401, 403].includes(withoutToken.status);
    return { token: isGuarded ? 'accepted' : 'untested' };
  };
  if (options.sendTest !== true) for (const warning of config.warnings) quiet.warn({}, warning);

  const { diagnosis, token } = await interruptible(work(), context.stop);
  if (diagnosis !== undefined) {
    const { trouble, message, advice } = diagnosis;
    output.result({ ok: false, baseUrl, trouble, token, message, advice }, `Not well: ${message}.\n${advice}`);
    return 'failed';
  }
  output.result({ ok: true, baseUrl, token }, `The CRM at ${baseUrl} is well.\n${tokenSentence(token, options)}`);
  return 'done';
}

async function askHealth(config: ServiceConfig, authToken: TargetConfig['authToken']) {
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
  seen: DiagnosisContext,
): Promise<{ readonly diagnosis?: Diagnosis; readonly token: TokenState }> {
  try {
    await service.sendNotification({
      notificationType: testType,
      userId: idOf(userId),
      message: 'Connection test of crm-notifier; nothing happened',
    });
    return { token: 'accepted' };
  } catch (error) {
    const diagnosis = diagnoseError(error, seen);
    if (diagnosis === undefined) throw error;
    if (!(error instanceof CRMHttpError) || (error.status !== 400 && error.status !== 422)) {
      return { diagnosis, token: tokenAfter(diagnosis) };
    }
    const message = `the CRM took the request but not the test notification (it answered ${String(error.status)})`;
    const advice = 'If it wants the id of a user it knows, give one with --test-user-id.';
    return { diagnosis: { trouble: 'unhealthy', message, advice }, token: 'untested' };
  }
}

function tokenAfter({ trouble }: Diagnosis): TokenState {
  return trouble === 'wrong-token' ? 'refused' : 'untested';
}

function tokenSentence(token: TokenState, { sendTest: hasSent }: CheckOptions): string {
  if (token !== 'accepted') {
    return (
      'The token was NOT tested: this CRM answers /health without looking at it. To test it, add --send-test, which ' +
      `posts one harmless notification of type ${testType}.`
    );
  }
  return hasSent === true ? 'It took a test notification, and with it the token.' : 'It takes the token.';
}
