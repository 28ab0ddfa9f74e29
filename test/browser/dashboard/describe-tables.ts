import { hostname } from 'node:os';
import type { Locator, Page } from 'playwright-core';
import { openPostgresTables } from '../../helpers/postgres-tables.js';
import { reply } from '../../helpers/scripted-crm.js';
import { describeOnPostgres, usePostgres } from '../../helpers/use-postgres.js';
import { settings } from './describe-figures.js';
import { expectAccessible } from './expect-accessible.js';
import { focused, scrollsTooFar } from './page-parts.js';
import { pixelAt } from './pixel-at.js';
import type { DashboardPages } from './use-dashboard-page.js';

export function describeTables({ open, openWithDead, startCrm }: DashboardPages): void {
  describe('its tables', () => {
    it.each(settings)('show each of several targets with its state, at a width of $width', async (setting) => {
      const [crm, sales] = [await startCrm(), await startCrm(reply(401))];
      const { page, accept, hear, complaints } = await open(
        { targets: { crm: { baseUrl: crm.url, authToken: 'a' }, sales: { baseUrl: sales.url, authToken: 'b' } } },
        { setting },
      );
      await accept('a');
      await hear('delivered');
      await page.getByRole('row', { name: /^sales ▲ waits for sales token refused \(401\), since .* 1 / }).waitFor();
      await page
        .getByRole('row', { name: /^crm ✓ delivers 0 pending – 0 dead letters 1 0 Pause … delivery to crm$/ })
        .waitFor();
      await page.getByRole('columnheader', { name: 'Delivered past hour' }).waitFor();
      await page.getByRole('link', { name: 'Week' }).click();
      await page.getByRole('img', { name: 'Delivered per hour: 1 in the past week' }).waitFor();
      await page.getByRole('columnheader', { name: 'Delivered past week' }).waitFor();
      await page
        .getByText(/^The target sales refuses the token \(401\): set the right targets.sales.authToken/)
        .first()
        .waitFor();
      await page.getByRole('button', { name: 'Pause … delivery to sales' }).press('Enter');
      await page.getByRole('dialog').getByRole('button', { name: 'Pause' }).click();
      await page
        .getByRole('row', { name: /^sales ● paused by hand, since .* 1 .* Resume delivery to sales$/ })
        .waitFor();
      await page
        .getByText(/^Delivery to sales was paused by hand at \d+:\d\d [AP]M\. 1 notification pending/)
        .first()
        .waitFor();
      expect(await focused(page)).toBe('Resume delivery to sales');
      await page.getByRole('button', { name: 'Pause … delivery to crm' }).press('Enter');
      await page.getByRole('dialog').getByRole('button', { name: 'Pause' }).click();
      await page.locator('#figure-delivery').getByText('paused by hand').waitFor();
      await page.getByRole('button', { name: 'Resume delivery to crm' }).press('Enter');
      await page.locator('#figure-delivery').getByText('paused in part').waitFor();
      await expectAccessible(page);
      expect(await scrollsTooFar(page)).toBe(false);
      // Its buttons are in reach without scrolling.
      expect(await overflowOf(page.getByRole('region', { name: 'Table of targets' }))).toBe(0);
      await page.getByRole('button', { name: 'Resume delivery to sales' }).press('Enter');
      await page.getByRole('row', { name: /^sales ▲ waits for sales token refused \(401\), since / }).waitFor();
      expect(complaints).toEqual([]);
    });

    it('can be scrolled by keyboard where they are wider than the page, and say so by a shadow', async () => {
      const { page } = await openWithDead(0, { width: 320 });
      const own = page.getByRole('row', { name: `${hostname()} ${String(process.pid)}` });
      await own.getByText('delivers').waitFor();
      await own.getByText('serves this page').waitFor();
      const attempts = page.getByRole('region', { name: 'Table of recent attempts' });
      await attempts.getByText('✓ delivered').first().waitFor();
      expect(await overflowOf(attempts)).toBeGreaterThan(100);
      const edge = await colourAtTheEdge(page, attempts);
      await attempts.focus();
      await page.keyboard.press('End');
      for (let step = 0; step < 40; step += 1) await page.keyboard.press('ArrowRight');
      // At its end there is nothing left to hint at.
      await page.waitForFunction(() => {
        const region = document.querySelector('#attempts')!;
        return region.scrollLeft + region.clientWidth >= region.scrollWidth - 1;
      });
      const white = [255, 255, 255];
      expect(edge).not.toEqual(white);
      expect(await colourAtTheEdge(page, attempts)).toEqual(white);
    });

    describeOnPostgres('of an outbox in PostgreSQL', () => {
      const createDatabase = usePostgres();

      it('show the processes that share it', async () => {
        const url = await createDatabase();
        const { page, complaints } = await open({ outbox: url }, { before: ({ ready }) => ready() });
        const row = (index: number): Locator => page.locator('#processes-rows tr').nth(index);
        await row(0).getByText('✓ delivers').waitFor();
        expect(await row(0).locator('td').allTextContents()).toEqual([
          hostname(),
          String(process.pid),
          expect.any(String),
          '✓ delivers serves this page',
        ]);
        const tables = await openPostgresTables(url);
        await tables.run(
          `INSERT INTO crm_outbox_processes (id, name, pid) VALUES (gen_random_uuid(), 'web-<b>2', 4711)`,
        );
        await tables.close();
        await row(1).getByText('only accepts').waitFor();
        expect((await row(1).locator('td').allTextContents()).slice(0, 2)).toEqual(['web-<b>2', '4711']);
        expect(complaints).toEqual([]);
      });
    });
  });
}

/** How many pixels wider the content of a region is than the region. */
function overflowOf(region: Locator): Promise<number> {
  return region.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth);
}

/** The colour at the right edge of a region, where there is no text. */
async function colourAtTheEdge(page: Page, region: Locator): Promise<readonly number[]> {
  await region.scrollIntoViewIfNeeded();
  const { x, width } = (await region.boundingBox())!;
  const row = (await region.locator('tbody tr').nth(1).boundingBox())!;
  return pixelAt(page, Math.floor(x + width) - 3, Math.floor(row.y) + 3);
}
