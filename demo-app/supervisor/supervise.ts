import { DEFAULT_BOOKING_PORT, DEFAULT_CRM_PORT, readCrmAuthToken, readPort } from '../runtime/settings.js';
import type { Environment } from '../runtime/settings.js';
import { keepApp } from './keep-app.js';
import { startCrm } from './start-crm.js';
import { startGuide } from './start-guide.js';
import { superviseAll } from './supervision.js';

/** Starts the CRM service and the booking app, and watches them. Stops them on request, then ends the process. */
export function supervise(environment: Environment): Promise<void> {
  return superviseAll('Stopping the booking app, then the CRM service.', async (supervision) => {
    // An invalid port throws here, before anything runs.
    const wantedCrmPort = readPort(environment, 'CRM_PORT', DEFAULT_CRM_PORT);
    const wantedAppPort = readPort(environment, 'DEMO_PORT', DEFAULT_BOOKING_PORT);
    const { crm, restartCommand, forApps } = await startCrm(supervision, environment, 'The booking app goes on.');
    const appEnvironment = { ...forApps, DEMO_POSTGRES_URL: undefined };

    const app = await keepApp(supervision, {
      name: 'The booking app',
      start: (port) =>
        supervision.start({
          name: 'booking app',
          main: 'booking-app/main.ts',
          environment: port === undefined ? appEnvironment : { ...appEnvironment, DEMO_PORT: String(port) },
        }),
      restartText: 'It starts again at the same port.',
    });
    console.log(
      startGuide({
        crm: { ...crm, wanted: wantedCrmPort },
        app: { pid: app.pid, port: app.port, wanted: wantedAppPort },
        crmAuthToken: readCrmAuthToken(environment),
        restartCommand,
      }),
    );
  });
}
