import { idsOf } from '../../helpers/use-crm.js';
import { expectAccessibleInBoth } from './expect-accessible.js';
import { focused, letters, scrollsTooFar } from './page-parts.js';
import type { DashboardPages } from './use-dashboard-page.js';

export function describeSelection({ openWithDead }: DashboardPages): void {
  describe('its selection of dead letters', () => {
    it('is redelivered and discarded by keyboard alone', async () => {
      const { page, deadLetters, crm, hear, stats } = await openWithDead(3, { width: 320, height: 640 });
      const ids = (await deadLetters.list()).map(({ id }) => id);
      await page.getByRole('button', { name: 'List of user_moved, 422 at crm' }).press('Enter');
      await page.locator('#list-filter').getByText('status: 422').waitFor();
      expect(await focused(page)).toBe('Dead letters');
      // They are seen below their heading, which is at the top.
      expect((await page.locator('#list-heading').boundingBox())!.y).toBeLessThan(40);
      expect((await letters(page).first().boundingBox())!.y).toBeLessThan(500);
      await page.locator('#known-statuses option[value="422"]').waitFor({ state: 'attached' });
      /** What can be pressed. */
      const shownButtons = async (): Promise<readonly string[]> =>
        (await page.locator('#list-actions').getByRole('button').allTextContents()).map((text) => text.trim());
      expect(await shownButtons()).toEqual(['Redeliver all 3 that match …', 'Discard all 3 that match …']);
      /** How far below its heading the list begins. */
      const placeOfList = async (): Promise<number> => {
        const [heading, list] = [page.locator('#list-heading'), page.locator('#dead-list')];
        return (await list.boundingBox())!.y - (await heading.boundingBox())!.y;
      };
      const before = await placeOfList();
      await page.getByLabel('Select this page').press('Space');
      await page.getByText('3 dead letters selected').waitFor();
      // Nothing has moved under the finger.
      expect(await placeOfList()).toBe(before);
      expect(await shownButtons()).toEqual(['Clear selection', 'Redeliver selected …', 'Discard selected …']);
      await page.getByLabel(`Select ${ids[0]!}`).press('Space');
      await page.getByText('2 dead letters selected').waitFor();
      expect(await scrollsTooFar(page)).toBe(false);
      await expectAccessibleInBoth(page, '#lists .actions');
      await page.getByRole('button', { name: 'Redeliver selected …' }).press('Enter');
      await page.getByRole('heading', { name: 'Redeliver 2 dead letters?' }).waitFor();
      await page.getByRole('dialog').getByRole('button', { name: 'Redeliver' }).press('Enter');
      await hear('delivered', 4);
      expect(idsOf(crm.received).slice(-2).sort()).toEqual(ids.slice(1).sort());
      await page.getByText('2 redelivered: 2 delivered, 0 died again.').waitFor();
      expect(await page.getByLabel('Select this page').evaluate((box) => box === document.activeElement)).toBe(true);
      await page.getByText('1–1 of 1').waitFor();
      await page.getByLabel(`Select ${ids[0]!}`).press('Space');
      await page.getByRole('button', { name: 'Discard selected …' }).press('Enter');
      await page.getByRole('dialog').getByRole('button', { name: 'Discard' }).press('Enter');
      await page.getByText('1 dead letter discarded.').waitFor();
      expect(await stats()).toMatchObject({ dead: 0, pending: 0 });
    });

    it('outlives another filter and a reload, says what of it is not in the list, and drops what is no longer dead', async () => {
      const { page, deadLetters, complaints } = await openWithDead(3);
      const [newest = '', middle = ''] = (await deadLetters.list()).map(({ id }) => id);
      await page.getByLabel(`Select ${newest}`).check();
      await page.getByLabel(`Select ${middle}`).check();
      const count = page.locator('#selection-count');
      await page.getByRole('searchbox').fill(newest);
      await page.getByRole('searchbox').press('Enter');
      await count.getByText('2 dead letters selected, 1 of them not in this list', { exact: true }).waitFor();
      await page.reload();
      await count.getByText('2 dead letters selected, 1 of them not in this list', { exact: true }).waitFor();
      expect(await page.getByLabel(`Select ${newest}`).isChecked()).toBe(true);
      await page.getByRole('button', { name: 'Discard selected …' }).click();
      await page
        .getByRole('dialog')
        .getByText(/^1 of them is not in this list\. They will be removed/)
        .waitFor();
      await page.keyboard.press('Escape');
      // By somebody else.
      await deadLetters.discard(newest);
      await count.getByText('1 dead letter selected, not in this list', { exact: true }).waitFor();
      await page.getByRole('searchbox').fill('');
      await page.getByRole('searchbox').press('Enter');
      await count.getByText('1 dead letter selected', { exact: true }).waitFor();
      expect(await page.getByLabel(`Select ${middle}`).isChecked()).toBe(true);
      await page.getByRole('button', { name: 'Clear selection' }).press('Enter');
      expect(await count.textContent()).toBe('None selected');
      expect(await page.getByLabel('Select this page').evaluate((box) => box === document.activeElement)).toBe(true);
      expect(await focused(page)).toBe('');
      await page.reload();
      await letters(page).nth(1).waitFor();
      expect(await page.getByLabel(`Select ${middle}`).isChecked()).toBe(false);
      expect(complaints).toEqual([]);
    });
  });
}
