import { dirname } from 'node:path';
import { outboxDirectory } from '../booking-app/places.js';
import { freePort } from '../runtime/free-port.js';
import {
  DEFAULT_BOOKING_PORT,
  DEFAULT_CRM_PORT,
  readCrmAuthToken,
  readDataDirectory,
  readPort,
} from '../runtime/settings.js';
import type { Environment } from '../runtime/settings.js';
import { keepApp } from './keep-app.js';
import { onlyLeader } from './leader-watch.js';
import { outboxFileReader } from './read-outbox-file.js';
import { servePage } from './serve-page.js';
import { startCrm } from './start-crm.js';
import { startGuide } from './start-guide.js';
import { superviseAll } from './supervision.js';

/** Starts the CRM service and the booking app, and serves the page. Stops them on request, then ends the process. */
export function supervise(environment: Environment): Promise<void> {
  return superviseAll('Stopping the booking app, then the CRM service.', async (supervision) => {
    // An invalid port throws here, before anything runs.
    const wantedCrmPort = readPort(environment, 'CRM_PORT', DEFAULT_CRM_PORT);
    const wantedPagePort = readPort(environment, 'DEMO_PORT', DEFAULT_BOOKING_PORT);
    const crmAuthToken = readCrmAuthToken(environment);
    const { crm, controlUrl, restartCommand, forApps } = await startCrm(
      supervision,
      environment,
      'The booking app goes on.',
    );

    const port = await freePort(wantedPagePort.port === 0 ? undefined : wantedPagePort.port + 1);
    const appEnvironment = { ...forApps, DEMO_POSTGRES_URL: undefined, DEMO_PORT: String(port) };
    const kept = await keepApp(supervision, {
      name: 'The booking app',
      start: () => supervision.start({ name: 'booking app', main: 'booking-app/main.ts', environment: appEnvironment }),
      restartText: 'It starts again at the same port.',
    });
    const url = `http://localhost:${port}`;
    const demoDirectory = dirname(import.meta.dirname);
    const pagePort = await servePage(supervision, wantedPagePort, {
      apps: [{ number: 1, url, kept }],
      watch: onlyLeader(kept),
      readOutbox: outboxFileReader(outboxDirectory(readDataDirectory(environment, demoDirectory))),
      crmControlUrl: controlUrl,
      crmAuthToken,
    });
    console.log(
      startGuide({
        page: { port: pagePort, wanted: wantedPagePort },
        app: { url, pid: kept.pid },
        crm: { ...crm, wanted: wantedCrmPort },
        crmAuthToken,
        restartCommand,
      }),
    );
  });
}
