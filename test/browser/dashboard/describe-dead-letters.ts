import { idsOf } from '../../helpers/use-crm.js';
import { accept as accepting, inTurn, reply } from '../../helpers/scripted-crm.js';
import { expectAccessibleInBoth } from './expect-accessible.js';
import { focused, letter, letters, scrollsTooFar } from './page-parts.js';
import type { DashboardPages } from './use-dashboard-page.js';

export function describeDeadLetters({ open, openWithDead, startCrm }: DashboardPages): void {
  describe('its dead letters', () => {
    it('are redelivered by keyboard alone, which keeps the focus beside them, and the CRM gets them', async () => {
      const { page, crm, deadLetters, hear } = await openWithDead(3);
      const [newest, next] = await deadLetters.list();
      await letter(page, newest!.id).waitFor();
      await letters(page)
        .getByText(/ · 1 attempt since accepted or redelivered$/)
        .first()
        .waitFor();
      await page.getByRole('searchbox').focus();
      while (!(await focused(page)).startsWith('Redeliver 0')) await page.keyboard.press('Tab');
      expect(await focused(page)).toBe(`Redeliver ${newest!.id}`);
      await page.keyboard.press('Enter');
      await hear('delivered', 3);
      expect(idsOf(crm.received).at(-1)).toBe(newest!.id);
      await page.getByText(`${newest!.id} redelivered: 1 delivered, 0 died again.`).waitFor();
      expect(await focused(page)).toBe(`Redeliver ${next!.id}`);
      await page.getByText('There are 2 dead letters').first().waitFor();
      expect(await focused(page)).toBe(`Redeliver ${next!.id}`);
    });

    it('may be none any more, which it says (case 59)', async () => {
      const { page, crm, deadLetters, hear } = await openWithDead(1);
      const [letter] = await deadLetters.list();
      const button = page.getByRole('button', { name: `Redeliver ${letter!.id}` });
      await button.waitFor();
      await page.getByRole('button', { name: 'Pause updates' }).click();
      await deadLetters.redeliver(letter!.id);
      await hear('delivered', 3);
      await button.click();
      await page.getByText(`${letter!.id} is no longer a dead letter; nothing was changed.`).waitFor();
      await page.getByRole('button', { name: 'Resume updates' }).click();
      await page.getByText('Live', { exact: true }).waitFor();
      expect(idsOf(crm.received).filter((id) => id === letter!.id)).toHaveLength(2);
    });

    it('are all redelivered, or one discarded, after a question', async () => {
      const { page, stats, deadLetters, hear, complaints } = await openWithDead(3);
      const [newest] = await deadLetters.list();
      const discard = page.getByRole('button', { name: `Discard ${newest!.id}` });
      await discard.press('Enter');
      await page.getByRole('dialog').getByText(`${newest!.id} will be removed for good`).waitFor();
      await expectAccessibleInBoth(page, 'dialog');
      await page.keyboard.press('Escape');
      expect(await focused(page)).toBe(`Discard ${newest!.id}`);
      expect((await stats()).dead).toBe(3);
      await discard.press('Enter');
      await page.getByRole('dialog').getByRole('button', { name: 'Discard' }).press('Enter');
      await page.getByText(`${newest!.id} was discarded.`).waitFor();
      expect((await stats()).dead).toBe(2);

      // The page shows it after its next poll.
      await page.locator('#health-sentence').getByText('There are 2 dead letters').waitFor();
      const announced = page.locator('#health-announcement');
      // Other numbers of the same trouble are not read out at every turn, and what was read out does not stay.
      await page.clock.install();
      await page.clock.fastForward(30_000);
      await announced.getByText('There are 2 dead letters').waitFor();
      await page.clock.fastForward(10_000);
      await announced.and(page.locator(':empty')).waitFor({ state: 'attached' });
      await page.getByRole('button', { name: 'Redeliver all …' }).click();
      await page.getByRole('heading', { name: 'Redeliver 2 dead letters?' }).waitFor();
      await Promise.all([
        // It does not stay, so it is waited for from the beginning.
        announced.getByText(/^All is well: /).waitFor(),
        page.getByRole('dialog').getByRole('button', { name: 'Redeliver' }).click(),
      ]);
      await hear('delivered', 4);
      await page.getByText('2 redelivered: 2 delivered, 0 died again.').waitFor();
      await page.getByText('No dead letters.', { exact: true }).waitFor();
      expect(complaints).toEqual([]);
    });

    it('are redelivered by what they died of, after a question that says it', async () => {
      const { page, hear } = await openWithDead(3);
      await page.getByRole('button', { name: /^Redeliver all 3 of user_moved, 422 at crm$/ }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByText(/^Those with target: crm, type: user_moved, reason: rejected, status: 422\. /).waitFor();
      await dialog.getByRole('button', { name: 'Redeliver' }).click();
      await hear('delivered', 5);
      await page.locator('#groups-outcome').getByText('3 redelivered: 3 delivered, 0 died again.').waitFor();
      // What has become of them, and nothing else.
      await page.locator('#groups-heading').waitFor({ state: 'hidden' });
      expect((await page.locator('#groups').innerText()).trim()).toBe('3 redelivered: 3 delivered, 0 died again.');
      expect(await page.locator('#list-outcome').textContent()).toBe('');
    });

    it('are tried one as a test, whose verdict stands at its group, also when nothing is left of that', async () => {
      const crm = await startCrm(inTurn(reply(422, 'user is unknown'), accepting));
      const { page, accept, hear, notifier, complaints } = await open(
        { baseUrl: crm.url },
        { setting: { width: 320 } },
      );
      const [id = ''] = await accept('a');
      await hear('dead');
      await notifier.pause();
      await page.locator('#figure-delivery').getByText('paused by hand').waitFor();
      const group = page.locator('#groups-list > li');
      const verdict = group.getByRole('status');
      await group.getByText('1 × user_moved').waitFor();
      // The element that a screen reader knows is the one that has each verdict.
      const region = await verdict.elementHandle();
      await page.getByRole('button', { name: 'Redeliver one as a test of user_moved, 422 at crm' }).press('Enter');
      await verdict.getByText('The test waits. Next attempt: when somebody resumes delivery.').waitFor();
      await group.getByText('0 × user_moved').waitFor();
      expect(await focused(page)).toBe('0 × user_moved');
      await notifier.resume();
      await verdict.getByText('The test was delivered.').waitFor();
      expect(idsOf(crm.received)).toEqual([id, id]);
      await page.waitForResponse((response) => response.url().includes('/api/overview'));
      expect(await verdict.textContent()).toBe(`The test was delivered. ${id}`);
      expect(await verdict.evaluate((shown, first) => shown === first, region)).toBe(true);
      expect(complaints).toEqual([]);
    });

    it('have long reasons in JSON and HTML, which fit a width of 320, and groups that line up', async () => {
      const html =
        '<!DOCTYPE html><html><head><style>p{}</style></head><body><h1>Bad Gateway</h1><p>nginx</p></body></html>';
      const json = `{"status":"error","message":"${'no such user '.repeat(40)}","category":"VALIDATION_ERROR"}`;
      const crm = await startCrm(inTurn(reply(422, json), reply(410, html)));
      const { page, accept, hear, complaints } = await open({ baseUrl: crm.url }, { setting: { width: 320 } });
      await accept('a');
      await hear('dead');
      await accept('b', 'c');
      await hear('dead', 3);
      const test = page.getByRole('button', { name: 'Redeliver one as a test of user_moved, 410 at crm' });
      const both = page.locator('#groups-list').getByText('2 × user_moved');
      await both.waitFor();
      const placeBefore = await test.boundingBox();
      await test.press('Enter');
      const verdict = page.locator('#groups-list p', { hasText: 'The test died again: 410, Bad Gateway nginx.' });
      await verdict.waitFor();
      await both.waitFor();
      expect(await test.boundingBox()).toEqual(placeBefore);
      const link = new URLSearchParams((await verdict.getByRole('link').getAttribute('href'))!);
      expect(link.get('id')).toBe(idsOf(crm.received).at(-1));
      expect(await page.locator('#groups-outcome, #list-outcome').allTextContents()).toEqual(['', '']);
      const shown = letters(page).getByText('Bad Gateway nginx').first();
      await shown.waitFor();
      await shown.click();
      await letters(page).getByText('<!DOCTYPE html>').first().waitFor();
      await letters(page)
        .getByText(/^no such user .* …$/)
        .waitFor();
      expect(await scrollsTooFar(page)).toBe(false);
      await expectAccessibleInBoth(page, '#dead-list', '#groups');
      await page.setViewportSize({ width: 1440, height: 900 });
      for (const action of ['list', 'test', 'redeliver', 'discard']) {
        const buttons = page.locator(`#groups-list [data-action="${action}"]`);
        const boxes = [(await buttons.first().boundingBox())!, (await buttons.last().boundingBox())!];
        expect(boxes.map(({ x, width }) => [x, width])).toEqual(Array(2).fill([boxes[0]!.x, boxes[0]!.width]));
        expect(boxes[1]!.y).toBeGreaterThan(boxes[0]!.y);
      }
      expect(complaints).toEqual([]);
    });

    it('stay for those who may not change anything, which it says', async () => {
      const crm = await startCrm(reply(422, 'no'));
      let mayChange = true;
      const { page, accept, hear, url, stats } = await open({ baseUrl: crm.url }, { mayChange: () => mayChange });
      const [id = ''] = await accept('booking:1');
      await hear('dead');
      const changes = page.locator('[data-change="possible"]');
      await letter(page, id).waitFor();
      expect(await changes.and(page.locator(':disabled')).count()).toBe(0);
      const line = page.getByText('You may see this page, but not change anything');
      expect(await line.isVisible()).toBe(false);
      // Nothing tells the page, until the change is refused.
      await page.getByRole('button', { name: 'Pause updates' }).click();
      mayChange = false;
      await page.getByRole('button', { name: `Redeliver ${id}` }).click();
      await page.locator('#list-outcome').getByText('You may not change anything here.').waitFor();
      await page.getByRole('button', { name: 'Resume updates' }).click();
      await line.waitFor();
      expect(await changes.count()).toBeGreaterThan(8);
      expect(await changes.and(page.locator(':enabled')).count()).toBe(0);
      await expectAccessibleInBoth(page, '#read-only');
      await page.goto(`${url}/crm/?id=${id}`);
      await line.waitFor();
      expect(await page.locator('#notification').getByRole('button', { name: 'Redeliver' }).isDisabled()).toBe(true);
      expect((await stats()).dead).toBe(1);
    });
  });
}
