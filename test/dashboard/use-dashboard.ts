import { join } from 'node:path';
import type { Express } from 'express';
import { crmDashboard, type DashboardOptions } from '../../src/dashboard/index.js';
import type { Notifier, NotifierOptions } from '../../src/index.js';
import { expressVersions } from '../helpers/express-versions.js';
import { useNotifiers, type ObservedNotifier } from '../helpers/observed-notifier.js';

/** The built page; a browser cannot run the one in `src`. */
const assetsDirectory = join(__dirname, '../../dist/dashboard');

/** The operator's password of the tests. */
const secret = 'dashboard-test-password';
export const signedIn = { authorization: `Bearer ${secret}` };

/** The headers that the page's own script sends with a change. */
export const fromThePage = { ...signedIn, 'x-crm-dashboard': '1', 'sec-fetch-site': 'same-origin' };

/** A dashboard that requires the tests' password, unless the options say otherwise. */
export function testDashboard(crm: Notifier, options: DashboardOptions = {}): ReturnType<typeof crmDashboard> {
  const authorize: DashboardOptions['authorize'] = (req) => req.headers.authorization === signedIn.authorization;
  return crmDashboard(crm, { authorize, ...options, ...{ assetsDirectory } });
}

export interface DashboardStage extends ObservedNotifier {
  readonly app: Express;
}

/** An app with a dashboard at `/crm`; its notifier is closed after the test. */
export function useDashboard(): (
  notifierOptions: NotifierOptions,
  options?: DashboardOptions,
  express?: (typeof expressVersions)[number]['express'],
) => DashboardStage {
  const makeNotifier = useNotifiers();
  return (notifierOptions, options = {}, express = expressVersions[1]!.express) => {
    const observed = makeNotifier(notifierOptions);
    const app = express();
    app.use('/crm', testDashboard(observed.notifier, options));
    return { ...observed, app };
  };
}
