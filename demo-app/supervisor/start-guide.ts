import { ADA, BEN, FAY } from '../booking-app/demo-users.js';
import type { Environment, PortSetting } from '../runtime/settings.js';

export interface RunningService {
  readonly pid: number | undefined;
  readonly port: number;
  readonly wanted: PortSetting;
}

export interface RunningDemo {
  readonly page: { readonly port: number; readonly wanted: PortSetting };
  readonly app: { readonly url: string; readonly pid: number | undefined };
  readonly crm: RunningService;
  readonly crmAuthToken: string;
  readonly restartCommand: string;
}

/** The text that the demo prints once it has started. */
export function startGuide({ page, app, crm, crmAuthToken, restartCommand }: RunningDemo): string {
  const ada = `-H 'Authorization: Bearer ${ADA.token}'`;
  const crmCaller = `-H ${quoted(`Authorization: Bearer ${crmAuthToken}`)}`;
  const appUrl = app.url;
  const crmUrl = `http://localhost:${crm.port}`;
  return `
Open http://localhost:${page.port}/ to see everything on one page.${takenText(page)}
Open ${appUrl}/dashboard/ for the notifier's dashboard (user fay, password ${FAY.token}).

Booking app   ${appUrl}  pid ${app.pid}
CRM service   ${describeService(crm)}

Tokens of the booking app: ${tokensText()}

Book a session:
  curl -s -X POST ${appUrl}/bookings ${ada} -H 'Content-Type: application/json' -d '{"session_id":1}'
See what the CRM got:
  curl -s ${crmUrl}/notifications ${crmCaller}
Cancel the booking:
  curl -s -X DELETE ${appUrl}/bookings/1 ${ada}

Stop the CRM alone, and go on booking:
  kill ${crm.pid}
Start it again:
  ${restartCommand}

Kill the app; it is started again:
  kill -9 ${app.pid}

Ctrl-C stops both.
`;
}

/** The command that starts the CRM again with the same ports, token and files. */
export function crmRestartCommand(environment: Environment, port: number, controlPort: number): string {
  const variables = [`DEMO_CRM_CONTROL_PORT=${controlPort}`, `CRM_PORT=${port}`];
  for (const name of ['CRM_AUTH_TOKEN', 'DEMO_DATA_DIR']) {
    const value = environment[name];
    if (value) variables.push(`${name}=${quoted(value)}`);
  }
  return `${variables.join(' ')} npm run demo:crm`;
}

export function tokensText(): string {
  return [ADA, BEN, FAY].map(({ token, name, role }) => `${token} (${name}, ${role})`).join(', ');
}

export function describeService({ pid, port, wanted }: RunningService): string {
  return `http://localhost:${port}  pid ${pid}${takenText({ port, wanted })}`;
}

/** Says so if a service has another port than the one that was wanted. */
export function takenText({ port, wanted }: Pick<RunningService, 'port' | 'wanted'>): string {
  const isOtherPort = wanted.port !== 0 && wanted.port !== port;
  return isOtherPort ? `  (port ${wanted.port} is taken, this one was free)` : '';
}

/** Quotes a text as one word of a shell command. */
export function quoted(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
