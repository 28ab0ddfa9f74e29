import type { Page } from 'playwright-core';
import { inbox } from '../demo-app/crm-inbox.js';
import { createPrograms } from '../demo-app/programs.js';
import type { Programs } from '../demo-app/programs.js';
import { startDemo } from '../demo-app/started-demo.js';
import type { StartedDemo } from '../demo-app/started-demo.js';
import { appPid, buttons, figure, inboxNote } from './demo-page-actions.js';
import { useBrowser } from './use-browser.js';
import type { PageSetting, WatchedPage } from './use-browser.js';

export interface DemoPage {
  readonly demo: StartedDemo;
  /** Opens the page, and resolves once it shows everything. `prepare` is called before it opens. */
  open(setting?: PageSetting, prepare?: (page: Page) => Promise<void>): Promise<WatchedPage>;
  /** How many notifications the CRM has. */
  inboxCount(): Promise<number>;
  /** Resolves to the process that has taken the place of this one, once the page shows it. */
  successorOf(page: Page, killedPid: number): Promise<number>;
}

/** One demo for all tests of a file. After each, the CRM works again and has everything. */
export function useDemoPage(): DemoPage {
  const openPage = useBrowser();
  let programs: Programs;
  let demo: StartedDemo;

  beforeAll(async () => {
    programs = createPrograms();
    demo = await startDemo(programs);
  });
  afterEach(async () => {
    const headers = { 'Content-Type': 'application/json' };
    for (const [path, body] of [
      ['/demo/crm', '{"mode":"ok"}'],
      ['/demo/redeliver', '{}'],
    ] as const) {
      await fetch(`${demo.pageUrl}${path}`, { method: 'POST', headers, body });
    }
  });
  afterAll(async () => {
    await programs.end();
  });

  async function inboxCount(): Promise<number> {
    return (await inbox(demo.crm.url)).length;
  }

  return {
    get demo() {
      return demo;
    },
    async open(setting, prepare) {
      const watched = await openPage(setting);
      watched.page.setDefaultTimeout(60_000);
      await prepare?.(watched.page);
      await watched.page.goto(demo.pageUrl);
      await buttons(watched.page, 'Book').first().waitFor();
      await figure(watched.page, 'pending', 0).waitFor();
      await inboxNote(watched.page, await inboxCount()).waitFor();
      return watched;
    },
    inboxCount,
    async successorOf(page, killedPid) {
      await page.locator('#outcome', { hasText: new RegExp(`Process ${killedPid} was killed; \\d+ took`) }).waitFor();
      const pid = await appPid(page);
      programs.watch(pid);
      return pid;
    },
  };
}
