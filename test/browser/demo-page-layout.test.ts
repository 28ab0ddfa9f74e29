import type { Page } from 'playwright-core';
import { freePort } from '../../demo-app/runtime/free-port.js';
import { createPrograms } from '../demo-app/programs.js';
import type { Programs } from '../demo-app/programs.js';
import { startDemo } from '../demo-app/started-demo.js';
import { axeViolations } from './axe-violations.js';
import { book, changeBooking, inboxNote, killApp, press } from './demo-page-actions.js';
import { layoutShiftOf, watchLayoutShift } from './layout-shift.js';
import { describeInBrowser, useBrowser } from './use-browser.js';
import { useDemoPage } from './use-demo-page.js';

jest.setTimeout(120_000);

describeInBrowser("the layout of the demo's page", () => {
  const demoPage = useDemoPage();

  it('passes axe at 320, 390 and 1440 pixels, in one scheme or the other and in every state', async () => {
    const { page } = await demoPage.open();
    await page.getByRole('radio', { name: 'Ben' }).check();
    const found: unknown[] = [];
    const check = async (state: string): Promise<void> => {
      found.push(...(await violationsIn(page, state)));
    };
    await check('all is well');
    await press(page, 'Rejecting (422)', /responds 422/);
    await book(page);
    await page.getByText('The CRM rejected 1 notification for good').waitFor();
    await check('a dead letter');
    await press(page, 'Down', /refuses connections/);
    await book(page);
    await page.getByText('Paused: the CRM cannot be reached').waitFor();
    await check('the CRM is down');
    await page.getByRole('radio', { name: 'Fay' }).check();
    await check('events');

    const killed = await killApp(page);
    await page.getByText('The app is not running').waitFor();
    process.kill(demoPage.demo.supervisor.pid, 'SIGSTOP');
    try {
      await check('the app is dead');
      expect(await page.locator('#apps').textContent()).toBe('The app is not running');
    } finally {
      process.kill(demoPage.demo.supervisor.pid, 'SIGCONT');
    }
    await demoPage.successorOf(page, killed);
    expect(found).toEqual([]);
  });

  it.each([
    { width: 390, height: 844 },
    { width: 1440, height: 900 },
  ])('shows everything without scrolling at $width by $height, and nothing moves under the finger', async (setting) => {
    const { page } = await demoPage.open(setting, watchLayoutShift);
    expect(await layoutShiftOf(page)).toBeLessThanOrEqual(0.05);
    const size = await page.evaluate(() => [
      document.documentElement.scrollWidth,
      document.documentElement.scrollHeight,
    ]);
    expect(size).toEqual([setting.width, setting.height]);
    for (const selector of ['#commentary', '#crm-modes', '#kill', '#sessions', '#lanes', '#inbox', '#redeliver']) {
      const { x, y, width, height } = (await page.locator(selector).boundingBox())!;
      expect([x >= 0, y >= 0, x + width <= setting.width, y + height <= setting.height]).toEqual([
        true,
        true,
        true,
        true,
      ]);
      expect(height).toBeGreaterThan(20);
    }

    const before = await demoPage.inboxCount();
    await page.getByRole('radio', { name: 'Ben' }).check();
    const id = await book(page);
    for (const done of ['cancelled', 'reactivated', 'cancelled', 'reactivated'] as const)
      await changeBooking(page, id, done);
    await press(page, 'Down', /refuses connections/);
    for (const done of ['cancelled', 'reactivated'] as const) await changeBooking(page, id, done);
    await press(page, 'Up', /responds normally/);
    await changeBooking(page, id, 'cancelled');
    await inboxNote(page, before + 8).waitFor();
    await page.locator('#flights:empty').waitFor({ state: 'attached' });
    expect(await layoutShiftOf(page)).toBeLessThanOrEqual(0.05);
  });
});

describeInBrowser("the demo's page while the demo is stopped", () => {
  const openPage = useBrowser();
  let programs: Programs;
  beforeEach(() => {
    programs = createPrograms();
  });
  afterEach(async () => {
    await programs.end();
  });

  it('says that it is disconnected, is not green, passes axe, and reconnects by itself', async () => {
    const port = { DEMO_PORT: String(await freePort()) };
    const first = await startDemo(programs, port);
    const { page } = await openPage();
    page.setDefaultTimeout(60_000);
    await page.goto(first.pageUrl);
    await page.getByText('Delivering. Circuit closed.').waitFor();

    process.kill(first.supervisor.pid, 'SIGINT');
    await page.getByText('Disconnected; reconnecting …').waitFor();
    expect(await page.locator('#delivery').textContent()).toBe('Not known while disconnected.');
    expect(await page.locator('#apps').textContent()).toBe('Not known while disconnected');
    expect(await page.locator('[data-tone=good], [aria-pressed=true]').count()).toBe(0);
    expect(await page.getByRole('button', { name: 'Kill the app' }).isDisabled()).toBe(true);
    expect(await violationsIn(page, 'disconnected')).toEqual([]);
    expect(await first.supervisor.ended).toBe(0);

    const second = await startDemo(programs, port);
    expect(second.pageUrl).toBe(first.pageUrl);
    await page.getByText('Delivering. Circuit closed.').waitFor();
    await page.locator('#apps', { hasText: `Process ${second.app.pid}, up for` }).waitFor();
  });
});

/** Contrast depends on the scheme and layout on the width, so each of both is enough. */
const settings = [
  [320, 'light'],
  [390, 'dark'],
  [1440, 'light'],
] as const;

/** What axe finds at each width and in each scheme. Nothing may be wider than the window. */
async function violationsIn(page: Page, state: string): Promise<unknown[]> {
  const found: unknown[] = [];
  for (const [width, colorScheme] of settings) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme });
    const violations = await axeViolations(page);
    found.push(...violations.map(({ id, nodes }) => [state, width, colorScheme, id, nodes[0]?.html]));
    const contentWidth = await page.evaluate(() => document.documentElement.scrollWidth);
    if (contentWidth !== width) found.push([state, width, colorScheme, `content is ${contentWidth} wide`]);
  }
  return found;
}
