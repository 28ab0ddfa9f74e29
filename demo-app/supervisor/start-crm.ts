import { readCrmAuthToken } from '../runtime/settings.js';
import type { Environment } from '../runtime/settings.js';
import { crmRestartCommand } from './start-guide.js';
import type { Supervision } from './supervision.js';

export interface StartedCrm {
  readonly crm: { readonly pid: number | undefined; readonly port: number };
  /** The address of its control, for the page. */
  readonly controlUrl: string;
  /** The command that starts it again once it has ended. */
  readonly restartCommand: string;
  /** The environment of a booking app that notifies it. */
  readonly forApps: Environment;
}

/** People are watching, so the notifier probes the CRM more often than by default. */
const shortPauses: Environment = { CRM_BREAKER_MAX_DELAY_MS: '2000', CRM_BREAKER_MAX_PAUSE_MS: '2000' };

/** Starts the CRM service, and resolves once it listens. `goingOn` says who can do without it. */
export async function startCrm(
  supervision: Supervision,
  environment: Environment,
  goingOn: string,
): Promise<StartedCrm> {
  const child = supervision.start({ name: 'CRM service', main: 'crm-service/main.ts', environment });
  const { port, controlPort = 0 } = await child.listening;
  const restartCommand = crmRestartCommand(environment, port, controlPort);
  supervision.watch(child, (how) => {
    console.log(`\nThe CRM service has ended (${how}). ${goingOn} Start the CRM again with`);
    console.log(`  ${restartCommand}\n`);
  });
  const controlUrl = `http://localhost:${controlPort}`;
  return {
    crm: { pid: child.pid, port },
    controlUrl,
    restartCommand,
    forApps: {
      ...shortPauses,
      ...environment,
      // Removed, because the library warns about every CRM_* variable that it does not know.
      CRM_PORT: undefined,
      CRM_BASE_URL: `http://localhost:${port}`,
      CRM_AUTH_TOKEN: readCrmAuthToken(environment),
    },
  };
}
