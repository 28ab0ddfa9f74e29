import express from 'express';
import type { Page } from 'playwright-core';
import type { Notifier, NotifierOptions } from '../../../src/index.js';
import { testDashboard } from '../../dashboard/use-dashboard.js';
import { useNotifiers, type ObservedNotifier } from '../../helpers/observed-notifier.js';
import { accept, inTurn, reply, type ScriptedCrm } from '../../helpers/scripted-crm.js';
import { useServer } from '../../helpers/served.js';
import { useTempDirectory } from '../../helpers/temp-directory.js';
import { useCrm } from '../../helpers/use-crm.js';
import { watchLayoutShift } from '../layout-shift.js';
import { useBrowser, type PageSetting } from '../use-browser.js';

export interface OpenedDashboard extends ObservedNotifier {
  readonly page: Page;
  /** What went wrong on it. */
  readonly complaints: readonly string[];
  /** Of the app; the dashboard is at `/crm`. */
  readonly url: string;
}

interface OpenOptions {
  readonly setting?: PageSetting;
  /** Done before the page is opened. */
  readonly before?: (notifier: ObservedNotifier) => Promise<unknown>;
  readonly mayChange?: () => boolean;
}

/** What the tests of the dashboard's page start with. */
export interface DashboardPages {
  readonly startCrm: ReturnType<typeof useCrm>;
  /** A temporary directory of the test. */
  readonly directory: () => string;
  /** A notifier with its dashboard, and a page that shows it. */
  open(options: NotifierOptions, more?: OpenOptions): Promise<OpenedDashboard>;
  /** The same, with two delivered, one of them after a retry, and so many dead, whose CRM takes whatever comes after. */
  openWithDead(count: number, setting?: PageSetting): Promise<OpenedDashboard & { readonly crm: ScriptedCrm }>;
}

/** One browser for all tests of a file. */
export function useDashboardPage(): DashboardPages {
  const makeNotifier = useNotifiers();
  const startCrm = useCrm();
  const serve = useServer();
  const directory = useTempDirectory();
  const openPage = useBrowser();

  const dashboardOf = (notifier: Notifier, mayChange: () => boolean): ReturnType<typeof testDashboard> => {
    const all = (): boolean => true;
    return testDashboard(notifier, { authorize: all, authorizeChange: mayChange, showBodies: all });
  };

  const open: DashboardPages['open'] = async (options, { setting = {}, before, mayChange = () => true } = {}) => {
    const observed = makeNotifier(options);
    const app = express();
    app.use('/crm', dashboardOf(observed.notifier, mayChange));
    const { url } = await serve(app);
    await before?.(observed);
    const { page, complaints } = await openPage(setting);
    await watchLayoutShift(page);
    await page.goto(`${url}/crm`);
    await page.getByText('Live', { exact: true }).waitFor();
    return { ...observed, page, complaints, url };
  };

  return {
    startCrm,
    directory,
    open,
    async openWithDead(count, setting) {
      const deaths = Array.from({ length: count }, () => reply(422, 'user is unknown'));
      const crm = await startCrm(inTurn(accept, reply(503), accept, ...deaths, accept));
      const options = { baseUrl: crm.url, concurrency: 1, retry: { firstDelayMs: 1, maxDelayMs: 1 } };
      const before = async (observed: ObservedNotifier): Promise<void> => {
        await observed.accept('first');
        await observed.hear('delivered');
        await observed.accept('second');
        await observed.hear('delivered', 2);
        await observed.accept(...Array.from({ length: count }, (_, index) => `booking:${String(index)}`));
        if (count > 0) await observed.hear('dead', count);
      };
      return { ...(await open(options, { before, ...(setting === undefined ? {} : { setting }) })), crm };
    },
  };
}
