import { freePort } from '../runtime/free-port.js';
import { guardedDirectory } from '../runtime/guarded-directory.js';
import { DEFAULT_BOOKING_PORT, DEFAULT_CRM_PORT, readCrmAuthToken, readPort } from '../runtime/settings.js';
import type { Environment } from '../runtime/settings.js';
import { makeDemoDatabase } from './demo-database.js';
import { keepApp } from './keep-app.js';
import { watchLeader } from './leader-watch.js';
import { outboxTableReader } from './read-outbox-table.js';
import { servePage } from './serve-page.js';
import { sharedStartGuide } from './shared-start-guide.js';
import { startCrm } from './start-crm.js';
import type { SupervisedApp } from './supervised-app.js';
import { superviseAll } from './supervision.js';

const STOP_TEXT = 'Stopping the booking apps, then the CRM service and PostgreSQL.';

/**
 * Starts a PostgreSQL, the CRM service and two booking apps that share an outbox in it, and serves the page for both. Stops
 * everything on request, removes it, then ends the process.
 */
export function superviseShared(environment: Environment): Promise<void> {
  return superviseAll(STOP_TEXT, async (supervision) => {
    // An invalid port throws here, before anything runs.
    const wantedCrmPort = readPort(environment, 'CRM_PORT', DEFAULT_CRM_PORT);
    const wantedPagePort = readPort(environment, 'DEMO_PORT', DEFAULT_BOOKING_PORT);
    const crmAuthToken = readCrmAuthToken(environment);
    const database = await makeDemoDatabase(environment);
    supervision.closeAtEnd(() => database.close());
    // The bookings are new at each start, so the CRM's inbox is, too.
    const crmFiles = guardedDirectory('crm-demo-', { script: ':' });
    supervision.closeAtEnd(() => crmFiles.remove());
    const crmEnvironment = { ...environment, DEMO_DATA_DIR: crmFiles.path };
    const { crm, controlUrl, restartCommand, forApps } = await startCrm(
      supervision,
      crmEnvironment,
      'The booking apps go on.',
    );

    const apps: SupervisedApp[] = [];
    const watch = watchLeader(apps);
    supervision.closeAtEnd(() => watch.stop());
    for (const number of [1, 2]) {
      const port = await freePort(wantedPagePort.port === 0 ? undefined : wantedPagePort.port + number);
      const appEnvironment = { ...forApps, DEMO_POSTGRES_URL: database.url, DEMO_PORT: String(port) };
      const kept = await keepApp(supervision, {
        name: `App ${number}`,
        start: () =>
          supervision.start({
            name: `booking app ${number}`,
            main: 'booking-app/main.ts',
            environment: appEnvironment,
          }),
        restartText: 'It starts again at the same port once the other one leads.',
        beforeRestart: (killedPid) => watch.untilAnotherLeads(killedPid),
      });
      apps.push({ number, url: `http://localhost:${port}`, kept });
    }

    const outbox = outboxTableReader(database.url);
    supervision.closeAtEnd(() => outbox.close());
    const pagePort = await servePage(supervision, wantedPagePort, {
      apps,
      watch,
      readOutbox: outbox.read,
      crmControlUrl: controlUrl,
      crmAuthToken,
    });
    console.log(
      sharedStartGuide({
        page: { port: pagePort, wanted: wantedPagePort },
        apps,
        crm: { ...crm, wanted: wantedCrmPort },
        postgresPlace: database.place,
        crmAuthToken,
        restartCommand,
      }),
    );
  });
}
