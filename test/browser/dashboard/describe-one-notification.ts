import { accept, inTurn, reply } from '../../helpers/scripted-crm.js';
import { expectAccessible } from './expect-accessible.js';
import { expectNoControlsInPrint, focused, letter, scrollsTooFar } from './page-parts.js';
import type { DashboardPages } from './use-dashboard-page.js';

/** Each failure is followed by another attempt half a second later. */
const patient = { retry: { firstDelayMs: 500, maxDelayMs: 500 }, breaker: { failureThreshold: 99 } };

export function describeOneNotification({ open, startCrm }: DashboardPages): void {
  describe('its view of one notification', () => {
    it('has what happened to it, in the address, which Back and a reload keep', async () => {
      const crm = await startCrm(
        inTurn(reply(503, '{"error":"back at noon"}'), reply(422, '{"message":"user is unknown"}'), accept),
      );
      const retry = { firstDelayMs: 1, maxDelayMs: 1 };
      const { page, accept: take, hear, url, complaints } = await open({ baseUrl: crm.url, retry });
      const [id = ''] = await take('booking:1');
      await hear('dead');
      await letter(page, id).getByRole('link').click();
      const view = page.locator('#notification');
      const failed = view.getByRole('listitem').filter({ hasText: 'attempt 1 failed with 503' });
      await failed.getByText('back at noon', { exact: true }).waitFor();
      await view.getByText('dead after 2 attempts: 422 rejected').waitFor();
      expect(new URL(page.url()).searchParams.get('id')).toBe(id);
      expect(await page.locator('#lists').isVisible()).toBe(false);
      await view.getByText('Request', { exact: true }).click();
      const body = view.getByRole('region', { name: 'Body' });
      await body.getByText('"message": "•••"').waitFor();
      for (const [width, colorScheme] of [
        [320, 'dark'],
        [1440, 'light'],
      ] as const) {
        await page.setViewportSize({ width, height: 900 });
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await expectAccessible(page);
        expect([width, await scrollsTooFar(page)]).toEqual([width, false]);
        await expectNoControlsInPrint(page);
      }
      await view.getByRole('button', { name: 'Show values' }).click();
      await body.getByText('"message": "moved"').waitFor();
      await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
      await view.getByRole('button', { name: 'Copy as curl' }).click();
      await view.getByText('Copied.').waitFor();
      const command = await page.evaluate(() => navigator.clipboard.readText());
      expect(command).toContain(`curl -X POST '${crm.url}/notify'`);
      expect(command).toContain('-H "authorization: Bearer $CRM_AUTH_TOKEN"');
      expect(command).toMatch(/--data-raw '\{.*"message":"moved"/);

      await page.goBack();
      await letter(page, id).waitFor();
      expect(await view.isVisible()).toBe(false);
      await page.goForward();
      await page.reload();
      await view.getByText('dead after 2 attempts').waitFor();
      await view.getByRole('button', { name: 'Redeliver' }).click();
      await view.getByText('redelivered', { exact: true }).waitFor();
      await view.getByText('delivered at attempt 1 with 200').waitFor();
      await page.locator('#notification-outcome:empty').waitFor({ state: 'attached' });
      await view.getByRole('link', { name: 'Back to the overview' }).click();
      await page.getByText('No dead letters.', { exact: true }).waitFor();
      await page.goto(`${url}/crm/?id=unknown`);
      await view.getByText(/^Nothing is known of it/).waitFor();
      expect(complaints).toEqual([]);
    });

    it('keeps the values that somebody has asked for while it is tried again, until they hide them', async () => {
      const crm = await startCrm(reply(503));
      const { page, accept: take, url, complaints } = await open({ baseUrl: crm.url, ...patient });
      const [id = ''] = await take('booking:1');
      await page.goto(`${url}/crm/?id=${id}`);
      const view = page.locator('#notification');
      await view.getByText('Request', { exact: true }).click();
      const body = view.getByRole('region', { name: 'Body' });
      const command = view.getByRole('region', { name: 'Request as a command of curl' });
      await body.getByText('"message": "•••"').waitFor();
      await view.getByRole('button', { name: 'Show values' }).press('Enter');
      await body.getByText('"message": "moved"').waitFor();
      const failures = await view.getByText(/^attempt \d+ failed/).count();
      await view.getByText(`attempt ${String(failures + 2)} failed with 503`).waitFor();
      expect(await body.textContent()).toContain('"message": "moved"');
      expect(await command.textContent()).toContain('"message":"moved"');
      expect(await focused(page)).toBe('Hide values this notification');
      await page.keyboard.press('Enter');
      await body.getByText('"message": "•••"').waitFor();
      expect(await command.textContent()).not.toContain('moved');
      expect(complaints).toEqual([]);
    });

    it('says who has paused its target by hand when it cannot be tried now', async () => {
      const crm = await startCrm(reply(503));
      const slow = { ...patient, retry: { firstDelayMs: 600_000, maxDelayMs: 600_000 } };
      const { page, accept: take, hear, url, notifier, complaints } = await open({ baseUrl: crm.url, ...slow });
      const [id = ''] = await take('booking:1');
      await hear('retry');
      await page.goto(`${url}/crm/?id=${id}`);
      const view = page.locator('#notification');
      await view.getByText(/^at \d/).waitFor();
      // The page does not know yet.
      await page.getByRole('button', { name: 'Pause updates' }).click();
      await notifier.pause({ by: 'ada' });
      const button = view.getByRole('button', { name: 'Try now' });
      await button.press('Enter');
      const outcome = page.locator('#notification-outcome');
      await outcome
        .getByText('Not done: delivery to crm is paused by ada; resume it first.', { exact: true })
        .waitFor();
      await page.getByRole('button', { name: 'Resume updates' }).click();
      await view.getByText('when somebody resumes delivery', { exact: true }).waitFor();
      await view.getByText('Delivery to crm is paused by ada; resume it first.', { exact: true }).waitFor();
      expect(await button.isDisabled()).toBe(true);
      expect(crm.received).toHaveLength(1);
      await notifier.resume();
      await button.click();
      await view.getByText('attempt 2 failed with 503').waitFor();
      // The browser itself notes each response of 409.
      expect(complaints).toEqual([expect.stringContaining('409')]);
    });
  });
}
