import { ADA, FAY } from '../booking-app/demo-users.js';
import type { PortSetting } from '../runtime/settings.js';
import type { SupervisedApp } from './supervised-app.js';
import { describeService, quoted, takenText, tokensText } from './start-guide.js';
import type { RunningService } from './start-guide.js';

export interface RunningSharedDemo {
  readonly page: { readonly port: number; readonly wanted: PortSetting };
  readonly apps: readonly SupervisedApp[];
  readonly crm: RunningService;
  readonly postgresPlace: string;
  readonly crmAuthToken: string;
  readonly restartCommand: string;
}

/** The text that the demo with `--postgres` prints once it has started. */
export function sharedStartGuide({
  page,
  apps,
  crm,
  postgresPlace,
  crmAuthToken,
  restartCommand,
}: RunningSharedDemo): string {
  const json = "-H 'Content-Type: application/json'";
  const book = ({ number, url }: SupervisedApp): string =>
    `  curl -s -X POST ${url}/bookings -H 'Authorization: Bearer ${ADA.token}' ${json} -d '{"session_id":${number}}'`;
  return `
Open http://localhost:${page.port}/ to see everything on one page.${takenText(page)}
Each app has the notifier's dashboard at /dashboard/ (user fay, password ${FAY.token}).

${apps.map(({ number, url, kept }) => `App ${number}         ${url}  pid ${kept.pid}`).join('\n')}
CRM service   ${describeService(crm)}
PostgreSQL    ${postgresPlace}

Tokens of the booking apps: ${tokensText()}

Book a session at either:
${apps.map(book).join('\n')}
See what the CRM got:
  curl -s http://localhost:${crm.port}/notifications -H ${quoted(`Authorization: Bearer ${crmAuthToken}`)}

Stop the CRM alone, and go on booking:
  kill ${crm.pid}
Start it again:
  ${restartCommand}

Kill the app that delivers, which the page shows; the other takes over, and the killed one is started again:
  kill -9 ${apps[0]?.kept.pid}

Ctrl-C stops all, and removes the bookings.
`;
}
