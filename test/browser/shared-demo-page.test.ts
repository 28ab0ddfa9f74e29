import type { Locator, Page } from 'playwright-core';
import { inbox } from '../demo-app/crm-inbox.js';
import { eventually } from '../demo-app/eventually.js';
import { createPrograms } from '../demo-app/programs.js';
import type { Programs } from '../demo-app/programs.js';
import { startSharedDemo } from '../demo-app/started-demo.js';
import type { StartedSharedDemo } from '../demo-app/started-demo.js';
import { describeOnOwnPostgres } from '../helpers/use-postgres.js';
import { axeViolations } from './axe-violations.js';
import { describeInBrowser, useBrowser } from './use-browser.js';

jest.setTimeout(180_000);

/** What the browser logs when it is told that a booking app does not respond. */
const BAD_GATEWAY = 'Failed to load resource: the server responded with a status of 502';

describeOnOwnPostgres("the demo's page with --postgres", () => {
  describeInBrowser('in a browser', () => {
    const openPage = useBrowser();
    let programs: Programs;
    let demo: StartedSharedDemo;

    beforeAll(async () => {
      programs = createPrograms();
      demo = await startSharedDemo(programs);
    });
    afterAll(async () => {
      await programs.end();
    });

    function appRow(page: Page, text: string | RegExp): Locator {
      return page.locator('#apps li', { hasText: text });
    }

    /** What stood in the place of outcomes, which the next one takes: an app takes over when it does. */
    let outcomes: string[];

    async function recordOutcomes(page: Page): Promise<void> {
      outcomes = [];
      await page.exposeFunction('onOutcome', (text: string) => void outcomes.push(text));
      await page.addInitScript(() => {
        const { onOutcome } = window as unknown as { onOutcome: (text: string) => void };
        addEventListener('DOMContentLoaded', () => {
          const shown = document.querySelector('#outcome')!;
          const tell = (): void => {
            onOutcome(shown.textContent);
          };
          new MutationObserver(tell).observe(shown, { childList: true, characterData: true, subtree: true });
        });
      });
    }

    async function outcome(pattern: RegExp, from = 0): Promise<void> {
      await eventually(String(pattern), () => outcomes.slice(from).find((text) => pattern.test(text)));
    }

    async function press(page: Page, name: string, pattern: RegExp): Promise<void> {
      const from = outcomes.length;
      await page.getByRole('button', { name, exact: true }).click();
      await outcome(pattern, from);
    }

    /** Books the next session at this app, and returns the booking's id once the page shows the outcome. */
    async function book(page: Page, app: number): Promise<number> {
      await page.getByRole('radio', { name: `App ${app}` }).check();
      return change(page, page.getByRole('button', { name: /^Book / }).first(), `made at app ${app}`);
    }

    async function cancel(page: Page, app: number, bookingId: number): Promise<number> {
      await page.getByRole('radio', { name: `App ${app}` }).check();
      const row = page.locator('#sessions li', { hasText: new RegExp(`booking ${bookingId} `) });
      return change(page, row.getByRole('button'), `cancelled at app ${app}`);
    }

    async function change(page: Page, button: Locator, done: string): Promise<number> {
      const responded = page.waitForResponse((response) => /\/apps\/\d\/bookings/.test(response.url()));
      await button.click();
      const { booking } = (await (await responded).json()) as { booking: { id: number } };
      await outcome(new RegExp(`Booking ${booking.id} ${done} in`));
      return booking.id;
    }

    async function expectAccessible(page: Page): Promise<void> {
      const violations = await axeViolations(page);
      expect(violations.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);
    }

    it('shows both apps, books at either, and shows the other take over from a killed leader with nothing lost', async () => {
      const { page, complaints } = await openPage();
      page.setDefaultTimeout(60_000);
      await recordOutcomes(page);
      await page.goto(demo.pageUrl);
      await appRow(page, `App 1, process ${demo.apps[0].pid}, leads`).waitFor();
      await appRow(page, `App 2, process ${demo.apps[1].pid}, stands by`).waitFor();
      expect(await page.getByRole('link', { name: 'Dashboard' }).getAttribute('href')).toBe(
        `${demo.apps[0].url}/dashboard/`,
      );

      const ids = [await book(page, 1), await book(page, 2)];
      await page.locator('#inbox-note', { hasText: '2 notifications arrived' }).waitFor();
      await page.locator('#figure-delivered', { hasText: '2' }).waitFor();
      await press(page, 'Down', /refuses connections/);
      ids.push(await book(page, 1), await book(page, 2), await book(page, 1));
      // At the app where it was not made.
      expect(await cancel(page, 2, ids[2]!)).toBe(ids[2]);
      await page.locator('#figure-pending', { hasText: /^4$/ }).waitFor();
      expect(await page.locator('#lanes li').first().textContent()).toBe(`booking:${ids[2]}createdcancelled`);
      await page.getByText('Paused: the CRM cannot be reached (ECONNREFUSED)').waitFor();

      await press(page, 'Kill the leader', /^App 1, process \d+, was killed with SIGKILL/);
      await page.getByText(/App 1, the leader, was killed\. Another takes over within 5 seconds/).waitFor();
      await appRow(page, 'App 1 is not running').waitFor();
      await page.getByText('Nothing is delivered until an app leads.').waitFor();
      ids.push(await book(page, 2));

      await outcome(/was killed; app 2 took over after \d/);
      await expectAccessible(page);
      await appRow(page, `App 2, process ${demo.apps[1].pid}, leads`).waitFor();
      await page
        .getByText(/App 2 has taken over\. The CRM is down\. 5 notifications wait in the outbox, in Post/)
        .waitFor();
      const pid = Number(await demo.supervisor.printed(/App 1 is back, pid (\d+)/));
      programs.watch(pid);
      await appRow(page, `App 1, process ${pid}, stands by`).waitFor();
      ids.push(await book(page, 1));

      await press(page, 'Up', /responds normally/);
      await page.locator('#inbox-note', { hasText: '8 notifications arrived' }).waitFor();
      await page.getByText('The leader was killed, and app 2 has taken over. Nothing is missing.').waitFor();
      expect(await page.locator('#steps li[data-done=true]').count()).toBe(4);
      const notifications = await inbox(demo.crm.url);
      expect(notifications).toHaveLength(8);
      expect(new Set(notifications.map(({ notification_id }) => notification_id)).size).toBe(8);
      for (const id of ids) {
        const types = notifications.filter(({ booking_id }) => booking_id === id).map((one) => one.notification_type);
        expect(types).toEqual(id === ids[2] ? ['booking_created', 'booking_cancelled'] : ['booking_created']);
      }

      await press(page, 'Rejecting (422)', /responds 422/);
      await book(page, 2);
      await page.getByText('The CRM rejected 1 notification for good').waitFor();
      await press(page, 'Up', /responds normally/);
      await press(page, 'Redeliver', /1 dead letter pending again/);
      await page.getByText('Everything arrived, nothing is missing. You have seen it all.').waitFor();
      expect(await page.locator('#steps li[data-done=true]').count()).toBe(5);
      await appRow(page, `App 2, process ${demo.apps[1].pid}, leads`).waitFor();
      await expectAccessible(page);
      expect(complaints).toEqual([]);
    });

    it('shows so when the chosen app does not respond, and fits a phone, in the dark too', async () => {
      const { page, complaints } = await openPage({ width: 390, height: 844, colorScheme: 'dark' });
      page.setDefaultTimeout(60_000);
      await recordOutcomes(page);
      await page.goto(demo.pageUrl);
      await appRow(page, `App 2, process ${demo.apps[1].pid}, leads`).waitFor();
      await page.getByRole('radio', { name: 'App 2' }).check();
      await press(page, 'Kill the leader', /^App 2, process \d+, was killed/);
      await page
        .getByRole('button', { name: /^Book / })
        .first()
        .click();
      await page.getByText('App 2 does not respond; choose the other one.').waitFor();
      await expectAccessible(page);
      const size = await page.evaluate(() => [
        document.documentElement.scrollWidth,
        document.documentElement.scrollHeight,
      ]);
      expect(size).toEqual([390, 844]);

      await outcome(/app 1 took over after/);
      programs.watch(Number(await demo.supervisor.printed(/App 2 is back, pid (\d+)/)));
      await appRow(page, /App 2, process \d+, stands by/).waitFor();
      await book(page, 2);
      expect(complaints.filter((complaint) => !complaint.startsWith(BAD_GATEWAY))).toEqual([]);
    });
  });
});
