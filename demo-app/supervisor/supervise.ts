import { KILLED_BY_CTRL_C, onStopRequest } from '../runtime/on-stop-request.js';
import { DEFAULT_BOOKING_PORT, DEFAULT_CRM_PORT, readCrmAuthToken, readPort } from '../runtime/settings.js';
import type { Environment } from '../runtime/settings.js';
import { startChild } from './start-child.js';
import type { Child, ChildProgram } from './start-child.js';
import { crmRestartCommand, startGuide } from './start-guide.js';

/** People are watching, so the notifier probes the CRM more often than by default. */
const shortPauses: Environment = { CRM_BREAKER_MAX_DELAY_MS: '2000', CRM_BREAKER_MAX_PAUSE_MS: '2000' };

/** Starts the CRM service and the booking app, and watches them. Stops them on request, then ends the process. */
export async function supervise(environment: Environment): Promise<void> {
  const children: Child[] = [];
  let stopping = false;

  onStopRequest({
    stop: () => {
      console.log('\nStopping the booking app, then the CRM service. Ctrl-C again ends them at once.');
      void stop(0);
    },
    kill: () => {
      for (const child of children) child.kill();
      process.exit(KILLED_BY_CTRL_C);
    },
  });
  await startBoth().catch(giveUp);

  async function startBoth(): Promise<void> {
    // An invalid port throws here, before anything runs.
    const wantedCrmPort = readPort(environment, 'CRM_PORT', DEFAULT_CRM_PORT);
    const wantedAppPort = readPort(environment, 'DEMO_PORT', DEFAULT_BOOKING_PORT);
    const crmAuthToken = readCrmAuthToken(environment);

    const crm = start({ name: 'CRM service', main: 'crm-service/main.ts', environment });
    const { port: crmPort, controlPort = 0 } = await crm.listening;
    const appEnvironment = {
      ...shortPauses,
      ...environment,
      // Removed, because the library warns about every CRM_* variable that it does not know.
      CRM_PORT: undefined,
      CRM_BASE_URL: `http://localhost:${crmPort}`,
      CRM_AUTH_TOKEN: crmAuthToken,
      DEMO_CRM_CONTROL_URL: `http://localhost:${controlPort}`,
    };
    const app = startApp(appEnvironment);
    const { port: appPort } = await app.listening;

    const restartCommand = crmRestartCommand(environment, crmPort, controlPort);
    console.log(
      startGuide({
        crm: { pid: crm.pid, port: crmPort, wanted: wantedCrmPort },
        app: { pid: app.pid, port: appPort, wanted: wantedAppPort },
        crmAuthToken,
        restartCommand,
      }),
    );
    watch(crm, (how) => {
      console.log(`\nThe CRM service has ended (${how}). The booking app goes on. Start the CRM again with`);
      console.log(`  ${restartCommand}\n`);
    });
    watchApp(app, { ...appEnvironment, DEMO_PORT: String(appPort) });
  }

  function startApp(appEnvironment: Environment): Child {
    return start({ name: 'booking app', main: 'booking-app/main.ts', environment: appEnvironment });
  }

  /** Restarts the app after a SIGKILL, which the page can send. Any other end stops the demo. */
  function watchApp(app: Child, appEnvironment: Environment): void {
    watch(app, (how) => {
      if (how !== 'SIGKILL') {
        console.error(`\nThe booking app has ended unexpectedly (${how}).`);
        void stop(1);
        return;
      }
      console.log('\nThe booking app was killed (SIGKILL). It starts again at the same port.');
      const next = startApp(appEnvironment);
      watchApp(next, appEnvironment);
      next.listening.then(
        () => {
          console.log(`The booking app is back, pid ${next.pid}.\n`);
        },
        () => {
          // It ended before it listened; the watch on its end handles that.
        },
      );
    });
  }

  function start(program: ChildProgram): Child {
    if (stopping) throw new Error('The demo is stopping');
    const child = startChild(program);
    children.push(child);
    return child;
  }

  function watch(child: Child, onUnexpectedEnd: (how: string) => void): void {
    void child.ended.then((how) => {
      if (!stopping) onUnexpectedEnd(how);
    });
  }

  async function giveUp(error: unknown): Promise<void> {
    // If the demo is stopped while it starts, a child ends before it listens. That is not a failure.
    if (stopping) return;
    stopping = true;
    await stopChildren();
    throw error;
  }

  async function stop(exitCode: number): Promise<void> {
    stopping = true;
    await stopChildren();
    process.exit(exitCode);
  }

  /** The booking app first: while it stops, it still delivers to the CRM. */
  async function stopChildren(): Promise<void> {
    for (const child of children.toReversed()) await child.stop();
  }
}
