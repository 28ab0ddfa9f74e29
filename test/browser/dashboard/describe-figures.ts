import { layoutShiftOf } from '../layout-shift.js';
import { expectAccessible, expectAccessibleInBoth } from './expect-accessible.js';
import { expectFigures, expectNoControlsInPrint, figure, focused, letters, scrollsTooFar } from './page-parts.js';
import type { Page } from 'playwright-core';
import type { CountSeries } from '../../../src/dashboard/api-contract.js';
import type { DashboardPages } from './use-dashboard-page.js';

// Contrast depends on the scheme and layout on the width, so one test of each is enough.
export const settings = [
  { width: 1440, colorScheme: 'light' },
  { width: 390, colorScheme: 'dark' },
] as const;

export function describeFigures({ openWithDead }: DashboardPages): void {
  it.each([1440, 390])('moves nothing while it loads, or is loaded again, at a width of %i', async (width) => {
    const { page } = await openWithDead(3, { width });
    const shifts: Record<string, number> = {};
    for (const query of ['', '?kind=delivered', '?id=none']) {
      await page.goto(`${page.url().split('?')[0]!}${query}`);
      await page.locator('body:not([data-loading])').waitFor();
      // Whatever comes in later than that has come.
      await page.waitForResponse((response) => response.url().includes('/api/overview'));
      shifts[query] = await layoutShiftOf(page);
    }
    expect(Object.entries(shifts).filter(([, shift]) => shift > 0.05)).toEqual([]);
  });

  describe('its figures and charts', () => {
    describe.each(settings)('at a width of $width, in $colorScheme', (setting) => {
      it.each([0, 10])('are accessible with %i dead letters', async (count) => {
        const { page, complaints } = await openWithDead(count, setting);
        if (count > 0)
          await letters(page)
            .nth(count - 1)
            .waitFor();
        await page.getByText('Show the numbers as a table').click();
        await expectAccessible(page);
        expect(await scrollsTooFar(page)).toBe(false);
        await expectNoControlsInPrint(page);
        expect(complaints).toEqual([]);
      });
    });

    it('are the numbers of crm.stats(), and what the CRM received, each with its time', async () => {
      const { page, stats, crm, complaints } = await openWithDead(10);
      await letters(page).nth(9).waitFor();
      await expectFigures(page, await stats());
      expect(await figure(page, 'delivered')).toBe(crm.received.length - 11);
      expect(await page.locator('#since-note').textContent()).toMatch(/^since it started, .*\d:\d\d/);
      expect(await page.getByRole('img', { name: 'Dead per minute: 10 in the past hour' }).count()).toBe(1);
      expect(await page.locator('#attempts-rows tr').count()).toBe(crm.received.length);
      expect(await page.title()).toBe('● 10 dead – CRM notifier');
      expect(complaints).toEqual([]);
    });

    it('are of a day and a week, in the address, which Back and a reload keep', async () => {
      const { page, complaints } = await openWithDead(2);
      await page.getByRole('link', { name: 'Week' }).click();
      await page.getByRole('img', { name: 'Dead per hour: 2 in the past week' }).waitFor();
      await page.getByRole('link', { name: 'Day' }).click();
      await page.getByRole('img', { name: 'Dead per 15 minutes: 2 in the past day' }).waitFor();
      await page.reload();
      await page.getByRole('img', { name: 'Dead per 15 minutes: 2 in the past day' }).waitFor();
      await page.goBack();
      await page.getByRole('img', { name: 'Dead per hour: 2 in the past week' }).waitFor();
      const type = page.getByRole('region', { name: 'Table of types' }).getByRole('row', { name: /dead letters/ });
      expect(await type.getByRole('cell').allTextContents()).toEqual(['4', '2', '1', '2']);
      await page.getByText('in the past week, of all processes', { exact: true }).waitFor();
      await type.getByRole('link').press('Enter');
      await page.getByText(/^type: /).waitFor();
      expect(await letters(page).count()).toBe(2);
      await page.getByRole('img', { name: 'Dead per hour: 2 in the past week' }).waitFor();
      expect(complaints).toEqual([]);
    });

    it('have room for the last time below the axis, however far back they go', async () => {
      const { page } = await openWithDead(1, { width: 1440 });
      const midnight = new Date().setHours(0, 0, 0, 0);
      await page.route('**/api/overview?*', async (route) => {
        const overview = (await (await route.fetch()).json()) as { counts: CountSeries };
        const { counts } = overview;
        // The last step begins at an hour of the axis.
        const startAt = midnight - (counts.accepted.length - 1) * counts.stepMs;
        await route.fulfill({ json: { ...overview, counts: { ...counts, startAt } } });
      });
      for (const [range, step] of [
        ['Hour', 'minute'],
        ['Day', '15 minutes'],
        ['Week', 'hour'],
      ] as const) {
        await page.getByRole('link', { name: range }).click();
        await page.getByRole('img', { name: `Dead per ${step}:` }).waitFor();
        await page
          .locator('.chart', { hasText: 'Dead' })
          .getByText(/at .*12:00\sAM$/)
          .waitFor();
        expect([range, await inkAtTheRightEdge(page)]).toEqual([range, [0, 0, 0, 0]]);
      }
    });

    it('stay while it is not connected, which it says, and recover', async () => {
      const { page, stats } = await openWithDead(1);
      await letters(page).waitFor();
      // One is selected, so that all of them make sense.
      await letters(page).getByRole('checkbox').check();
      const changes = page
        .locator('#pause, #selection-clear, .actions button, .actions input')
        .or(page.locator(':is(#groups, #dead-list) :is(button:not([data-action="list"]), input)'));
      expect(await changes.count()).toBe(13);
      const areDisabled = (): Promise<readonly boolean[]> =>
        changes.evaluateAll((all) => all.map((control) => control.matches(':disabled')));
      expect(new Set(await areDisabled())).toEqual(new Set([false]));
      await page.locator('#redeliver-selected').focus();
      await page.route('**/api/overview?*', (route) => route.abort());
      await page.getByText(/^Not connected since /).waitFor();
      expect(await page.title()).toBe('○ not connected – CRM notifier');
      expect(new Set(await areDisabled())).toEqual(new Set([true]));
      // It does not say that all is well, or what else was so before.
      expect(await page.locator('#health').textContent()).toMatch(
        /^\s*Health\s+\? Unknown How it goes now is not known\./,
      );
      expect(await page.locator('#connection').textContent()).toMatch(/Showing data from \d/);
      await expectFigures(page, await stats());
      // What is greyed.
      await expectAccessibleInBoth(page, 'header', '#health', '.figures', '#charts', '#groups');
      await page.unroute('**/api/overview?*');
      await page.getByText('Live', { exact: true }).waitFor();
      expect(new Set(await areDisabled())).toEqual(new Set([false]));
      expect(await focused(page)).toBe('Redeliver selected …');
      expect(await page.title()).toBe('● 1 dead – CRM notifier');
    });
  });
}

/** How many pixels are drawn in the last two columns of each chart: those of a text that is cut off there. */
function inkAtTheRightEdge(page: Page): Promise<readonly number[]> {
  return page.locator('#charts canvas').evaluateAll((all) =>
    (all as HTMLCanvasElement[]).map((canvas) => {
      const { width, height } = canvas;
      const { data } = canvas.getContext('2d')!.getImageData(width - 2, 0, 2, height);
      return data.filter((_, index) => index % 4 === 3).reduce((sum, alpha) => sum + Math.sign(alpha), 0);
    }),
  );
}
