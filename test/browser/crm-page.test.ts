import { cliToken } from '../cli/cli-program.js';
import { useCrmCommand } from '../cli/use-crm-command.js';
import { wireNotification } from '../testing/use-fake-crm.js';
import { axeViolations } from './axe-violations.js';
import { describeInBrowser, useBrowser } from './use-browser.js';

jest.setTimeout(60_000);

describeInBrowser('the page of crm-notifier crm in a browser', () => {
  const startCrm = useCrmCommand();
  const open = useBrowser();

  it.each([
    { width: 1440, colorScheme: 'light' },
    { width: 390, colorScheme: 'dark' },
  ] as const)('shows what arrives as text, at a width of $width, in $colorScheme', async (setting) => {
    const { crm, url } = await startCrm('--bodies');
    const { page, complaints } = await open(setting);
    await page.goto(url);
    await page.getByText('Live', { exact: true }).waitFor();
    await page.getByText(`CRM_BASE_URL=${url}`).waitFor();
    const post = (id: string, type: string): Promise<Response> =>
      fetch(`${url}/notify`, {
        method: 'POST',
        headers: { authorization: `Bearer ${cliToken}`, 'x-retry-count': '1' },
        body: JSON.stringify(wireNotification(id, type)),
      });
    await post('01a20bb3-6f81-71fc-be53-33f9f0e71da1', 'booking_created');
    crm.type('422');
    await crm.printed('{"fault":"422"}');
    const evil = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
    await post('two', evil);
    const items = page.locator('#arrivals > li');
    await items.nth(1).waitFor();
    const [newest = '', oldest = ''] = await items.allInnerTexts();
    expect(newest).toContain(evil);
    expect(newest).toContain('422');
    for (const text of ['booking_created', '200', 'user 123', 'retry 1', '33f9f0e71da1'])
      expect(oldest).toContain(text);
    await items.nth(1).getByText('Body').click();
    await items.nth(1).getByText('"message": "Secret of Ada Lovelace"').waitFor();
    expect(await page.locator('#fault').innerText()).toBe('422');
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(setting.width);
    expect(await axeViolations(page)).toEqual([]);
    expect(await page.title()).toBe('CRM to try things with');
    expect(complaints).toEqual([]);
    crm.type('down');
    await page.getByText('No connection').waitFor();
    crm.type('ok');
    await page.getByText('Live', { exact: true }).waitFor();
    expect(await items.count()).toBe(2);
  });
});
