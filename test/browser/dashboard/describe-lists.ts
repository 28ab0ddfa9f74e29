import { fillDeadLetters, idOfLetter } from '../../dashboard/fill-dead-letters.js';
import { sampleNotifications } from '../../helpers/sample-notification.js';
import { settleIn } from '../../helpers/settle-in.js';
import { openOutboxIn } from '../../helpers/sqlite-outbox.js';
import { expectAccessible } from './expect-accessible.js';
import { expectFigures, focused, letter, letters, scrollsTooFar } from './page-parts.js';
import type { DashboardPages } from './use-dashboard-page.js';

export function describeLists({ open, startCrm, directory }: DashboardPages): void {
  describe('its lists', () => {
    it('show 100,000 dead letters page by page, and find one of them (case 58)', async () => {
      await fillDeadLetters(directory(), 100_000);
      const crm = await startCrm();
      const startedAtMs = performance.now();
      const options = { baseUrl: crm.url, outbox: directory() };
      const { page, stats, deadLetters, complaints } = await open(options, { before: ({ ready }) => ready() });
      await letter(page, idOfLetter(100_000)).waitFor();
      const tookMs = performance.now() - startedAtMs;
      const paintedMs = await page.evaluate(
        () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0,
      );
      process.stdout.write(
        `the page with 100,000 dead letters: ${tookMs.toFixed(0)} ms, the browser's start included; ` +
          `something to see after ${paintedMs.toFixed(0)} ms\n`,
      );
      await expectFigures(page, await stats());
      expect(await letters(page).count()).toBe(50);
      await page.getByText('1–50 of 100,000').waitFor();
      await page.getByRole('button', { name: 'Next' }).press('Enter');
      await letter(page, idOfLetter(99_950)).waitFor();
      expect(await focused(page)).toBe('Next');
      await page.getByText('Page 2: 50 of 100,000').waitFor();
      // One of the first page: this one does not claim to begin with the 51st.
      await deadLetters.discard(idOfLetter(100_000));
      await page.reload();
      await letter(page, idOfLetter(99_901)).waitFor();
      await page.getByText('Page 2: 50 of 99,999').waitFor();
      await page.getByRole('button', { name: 'Previous' }).click();
      await letter(page, idOfLetter(99_999)).waitFor();
      await page.getByText('1–50 of 99,999').waitFor();
      await page.goBack();
      await letter(page, idOfLetter(99_901)).waitFor();
      await page.getByRole('searchbox').fill('user 4711 is');
      await page.getByRole('searchbox').press('Enter');
      await letter(page, idOfLetter(4_711)).waitFor();
      expect(await letters(page).count()).toBe(1);
      expect(new URL(page.url()).searchParams.get('search')).toBe('user 4711 is');
      expect(await scrollsTooFar(page)).toBe(false);
      expect(complaints).toEqual([]);
    });

    it('show what is pending, what each waits for, and what matches, in the address and as a file', async () => {
      const away = { baseUrl: 'http://127.0.0.1:9', breaker: { failureThreshold: 1 } };
      const { page, url, complaints } = await open(away, {
        setting: { width: 320 },
        async before({ accept, hear }) {
          await accept('a', 'a', 'b');
          await hear('paused');
        },
      });
      await page.getByText('cannot be reached: it refuses connections (ECONNREFUSED)').first().waitFor();
      await page.locator('#figure-pending').click();
      await page.getByRole('heading', { name: 'Pending' }).waitFor();
      expect(await focused(page)).toBe('Pending');
      expect((await page.locator('#list-heading').boundingBox())!.y).toBeLessThan(40);
      const rows = page.locator('#pending-list > li');
      await rows.first().getByText('once crm takes notifications again').waitFor();
      await rows.nth(1).getByText('after the one before it in its lane').waitFor();
      await rows
        .nth(1)
        .getByText(/^accepted .* · 0 attempts$/)
        .waitFor();
      await page.getByText('1–3 of 3').waitFor();
      await page.getByText('More filters').click();
      for (const [field, value] of [
        ['Type', 'user_moved'],
        ['Target', 'crm'],
      ] as const) {
        const suggestions = `#${(await page.getByRole('combobox', { name: field }).getAttribute('list'))!} option`;
        await page.locator(`${suggestions}[value="${value}"]`).waitFor({ state: 'attached' });
        expect([field, await page.locator(suggestions).count()]).toEqual([field, 1]);
      }
      await page.getByLabel('Lane: what must stay in order, such as booking:456').fill('b');
      await page.getByRole('button', { name: 'Apply' }).press('Enter');
      await page.getByText('1–1 of 1').waitFor();
      await page.getByText('lane: b').waitFor();
      await page.reload();
      await page.getByText('1–1 of 1').waitFor();
      expect(await rows.locator('.code').last().textContent()).toBe('b');
      await rows.first().getByText('once crm takes notifications again').waitFor();
      await page.getByText('More filters').click();
      for (const [width, colorScheme] of [
        [320, 'dark'],
        [1440, 'light'],
      ] as const) {
        await page.setViewportSize({ width, height: 900 });
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await expectAccessible(page, '#health', '#lists');
        expect([width, await scrollsTooFar(page)]).toEqual([width, false]);
        // The button stands beside the last field.
        const [to, apply] = [page.getByLabel('To', { exact: true }), page.getByRole('button', { name: 'Apply' })];
        const [field, button] = [(await to.boundingBox())!, (await apply.boundingBox())!];
        expect(Math.abs(field.y + field.height - button.y - button.height)).toBeLessThan(2);
      }
      await rows.first().getByRole('link').click();
      await page.locator('#notification').getByText('once crm takes notifications again').waitFor();
      await page.goBack();
      const file = await page.getByRole('link', { name: 'CSV' }).getAttribute('href');
      const csv = await (await fetch(`${url}/crm/${file!}`)).text();
      expect(csv.trim().split('\r\n')).toHaveLength(2);
      await page.goBack();
      await page.getByText('1–3 of 3').waitFor();
      // What both kinds have stays when the other kind is chosen.
      await page.goForward();
      await page.getByRole('link', { name: 'Dead', exact: true }).click();
      await page.getByText('No dead letter matches.').waitFor();
      await page.getByRole('button', { name: 'Show all' }).click();
      await page.getByText('No dead letters.', { exact: true }).waitFor();
      expect(complaints).toEqual([]);
    });

    it('show what was delivered, and give it as a file', async () => {
      const crm = await startCrm();
      const { page, url, complaints, accept, hear } = await open({ baseUrl: crm.url });
      const [, ofB = ''] = await accept('a', 'b');
      await hear('delivered', 2);
      await page.getByRole('link', { name: 'Delivered' }).click();
      await page.getByText('1–2 of 2').waitFor();
      await page
        .getByText(/^(\d+ ms|[1-9]\d* seconds?) after it was accepted$/)
        .first()
        .waitFor();
      await page.getByRole('searchbox', { name: 'Search the list' }).fill(ofB);
      await page.getByRole('searchbox').press('Enter');
      await page.getByText('1–1 of 1').waitFor();
      await expectAccessible(page, '#lists');
      for (const format of ['CSV', 'JSON']) {
        const file = await page.getByRole('link', { name: format }).getAttribute('href');
        const text = await (await fetch(`${url}/crm/${file!}`)).text();
        expect(text.match(/"?delivered"?,/g)).toHaveLength(1);
        expect(text).toContain(ofB);
      }
      expect(complaints).toEqual([]);
    });

    it('show markup as text, wherever it comes from (case 55)', async () => {
      const markup = `"><img src=x onerror="document.title='hacked'"><script>document.title='hacked'</script>'`;
      const outbox = await openOutboxIn(directory());
      outbox.append(sampleNotifications(1, { id: `id${markup}`, type: `type${markup}`, lane: `lane${markup}` }));
      const reason = { kind: `kind${markup}`, status: 422, detail: `detail${markup}` } as never;
      const [{ position } = { position: 0 }] = outbox.readAfter('crm', 0, 1);
      settleIn(outbox, [{ kind: 'dead', position, attempts: 1, diedAt: Date.now(), reason }]);
      outbox.close();
      const crm = await startCrm();
      const options = { baseUrl: crm.url, outbox: directory() };
      const { page, complaints, stats } = await open(options, { before: ({ ready }) => ready() });
      await letter(page, `id${markup}`).waitFor();
      for (const part of ['type', 'lane', 'detail']) {
        await page.locator('#dead-list').getByText(`${part}${markup}`, { exact: true }).waitFor();
      }
      expect(await page.locator('main img, main script').count()).toBe(0);
      // Its id cannot be sent, so it dies again; the list of attempts shows it as text too.
      await page.getByRole('button', { name: `Redeliver id${markup}` }).click();
      await page.locator('#attempts-rows').getByText('type').waitFor();
      await page.getByRole('button', { name: `Discard id${markup}` }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Discard' }).click();
      await page.getByText('was discarded.').waitFor();
      expect((await stats()).dead).toBe(0);
      expect(await page.title()).toMatch(/CRM notifier$/);
      expect(complaints).toEqual([]);
    });
  });
}
