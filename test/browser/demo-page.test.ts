import type { Locator, Page } from 'playwright-core';
import { inbox } from '../demo-app/crm-inbox.js';
import { createPrograms } from '../demo-app/programs.js';
import type { Programs } from '../demo-app/programs.js';
import { startDemo } from '../demo-app/started-demo.js';
import type { StartedDemo } from '../demo-app/started-demo.js';
import { axeViolations } from './axe-violations.js';
import { describeInBrowser, useBrowser } from './use-browser.js';
import type { PageSetting, WatchedPage } from './use-browser.js';

jest.setTimeout(120_000);

/** In a test that kills the app: what the browser logs for requests without a response. */
const UNANSWERED =
  /^Failed to load resource: net::ERR_(CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE|SOCKET_NOT_CONNECTED)/;

describeInBrowser("the demo's page", () => {
  const openPage = useBrowser();
  let programs: Programs;
  let demo: StartedDemo;

  beforeAll(async () => {
    programs = createPrograms();
    demo = await startDemo(programs);
  });
  // Resets the CRM for the next test, even if this one failed half-way.
  afterEach(async () => {
    const body = JSON.stringify({ mode: 'ok' });
    await fetch(`${demo.app.url}/demo/crm`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
  });
  afterAll(async () => {
    await programs.end();
  });

  async function open(setting?: PageSetting): Promise<WatchedPage> {
    const watched = await openPage(setting);
    watched.page.setDefaultTimeout(60_000);
    await watched.page.goto(demo.app.url);
    await buttons(watched.page, 'Book').first().waitFor();
    await inboxEntry(watched.page, await inboxCount()).waitFor();
    return watched;
  }

  /** The buttons of all sessions, such as "Book Yoga Class, Tue 1 Dec, 07:30". */
  function buttons(page: Page, action: 'Book' | 'Cancel' | 'Reactivate'): Locator {
    return page.getByRole('button', { name: new RegExp(`^${action} `) });
  }

  async function inboxCount(): Promise<number> {
    return (await inbox(demo.crm.url)).length;
  }

  /** The inbox's note, once it says that this many have arrived. */
  function inboxEntry(page: Page, count: number): Locator {
    const text = count === 0 ? 'Nothing has arrived yet' : `${count} notification${count === 1 ? '' : 's'} arrived`;
    return page.locator('#inbox-note', { hasText: text });
  }

  function figure(page: Page, name: string, value: number): Locator {
    return page.locator(`#figure-${name}`, { hasText: new RegExp(`^${value}$`) });
  }

  async function press(page: Page, name: string, outcome: RegExp): Promise<void> {
    await page.getByRole('button', { name, exact: true }).click();
    await page.locator('#switch-status', { hasText: outcome }).waitFor();
  }

  /** Presses the button, and returns the booking's id once the page shows the outcome. */
  async function change(page: Page, button: Locator, done: 'made' | 'cancelled' | 'reactivated'): Promise<number> {
    const responded = page.waitForResponse((response) => response.url().includes('/bookings'));
    await button.click();
    const { booking } = (await (await responded).json()) as { booking: { id: number } };
    await page.locator('#booking-status', { hasText: `Booking ${booking.id} ${done} in` }).waitFor();
    return booking.id;
  }

  function book(page: Page): Promise<number> {
    return change(page, buttons(page, 'Book').first(), 'made');
  }

  /** The button of the booking's session, which may book, cancel or reactivate. */
  function buttonOf(page: Page, bookingId: number): Locator {
    return page.locator('#sessions li', { hasText: new RegExp(`booking ${bookingId} `) }).getByRole('button');
  }

  async function statsOfTheApp(): Promise<{ pending: number; delivered: number; retried: number }> {
    const response = await fetch(`${demo.app.url}/crm/stats`, { headers: { Authorization: 'Bearer demo-fay' } });
    return (await response.json()) as { pending: number; delivered: number; retried: number };
  }

  /** The texts of the newest entries in the page's inbox, oldest first. */
  async function newest(page: Page, count: number): Promise<string[]> {
    return (await page.locator('#inbox .entry strong').allTextContents()).slice(0, count).reverse();
  }

  it('shows a booking on its way from the app to the CRM', async () => {
    const { page, complaints } = await open();
    const before = await inboxCount();
    const id = await book(page);
    await inboxEntry(page, before + 1).waitFor();
    expect(await newest(page, 1)).toEqual([`Booking ${id} created`]);
    await figure(page, 'pending', 0).waitFor();
    await page.getByText(`booking ${id} active`).waitFor();
    await page.getByText('CRM knows').first().waitFor();
    await page.locator('#steps li[data-done=true]', { hasText: 'Book a session' }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('books quickly while the CRM is down, and shows that all arrive in order afterwards', async () => {
    const { page, complaints } = await open();
    const before = await inboxCount();
    await press(page, 'Down', /refuses connections/);
    await page.getByText('The CRM is down. Book something: it still succeeds.').waitFor();

    const ids: number[] = [];
    for (let count = 0; count < 3; count += 1) ids.push(await book(page));
    expect(await page.locator('#booking-status').textContent()).toMatch(/ in \d{1,3} ms\.$/);
    await figure(page, 'pending', 3).waitFor();
    expect((await statsOfTheApp()).pending).toBe(3);
    expect(await page.locator('#lanes li').allTextContents()).toEqual(ids.map((id) => `booking:${id}created`));
    await page.getByText('Paused: the CRM cannot be reached (ECONNREFUSED)').waitFor();
    await page.locator('#steps li[data-done=true]', { hasText: 'Take the CRM down' }).waitFor();

    await press(page, 'Up', /responds normally/);
    await inboxEntry(page, before + 3).waitFor();
    expect(await newest(page, 3)).toEqual(ids.map((id) => `Booking ${id} created`));
    await figure(page, 'pending', 0).waitFor();
    await page.locator('#steps li[data-done=true]', { hasText: 'Bring the CRM back up' }).waitFor();
    await figure(page, 'delivered', (await statsOfTheApp()).delivered).waitFor();
    expect((await inbox(demo.crm.url)).slice(-3).map(({ booking_id }) => booking_id)).toEqual(ids);
    expect(complaints).toEqual([]);
  });

  it('keeps the changes of one booking in order', async () => {
    const { page, complaints } = await open();
    const id = await book(page);
    await figure(page, 'pending', 0).waitFor();
    const before = await inboxCount();
    await press(page, 'Down', /refuses connections/);
    expect(await change(page, buttonOf(page, id), 'cancelled')).toBe(id);
    expect(await change(page, buttonOf(page, id), 'reactivated')).toBe(id);
    await figure(page, 'pending', 2).waitFor();
    expect(await page.locator('#lanes li').allTextContents()).toEqual([`booking:${id}cancelled → reactivated`]);

    await press(page, 'Up', /responds normally/);
    await inboxEntry(page, before + 2).waitFor();
    expect(await newest(page, 2)).toEqual([`Booking ${id} cancelled`, `Booking ${id} reactivated`]);
    expect(complaints).toEqual([]);
  });

  it('shows the pause of a refused token, and its end', async () => {
    const { page, complaints } = await open();
    const before = await inboxCount();
    await press(page, 'Refusing the token', /responds 401/);
    await book(page);
    await page.getByText('Paused: the CRM refuses the token (401)').waitFor();
    await page.getByText(/The CRM refuses the token, so delivery is paused\. 1 notification waits/).waitFor();

    await press(page, 'Up', /responds normally/);
    await inboxEntry(page, before + 1).waitFor();
    await page
      .locator('#inbox .entry', { hasText: /after \d+ failed attempts?/ })
      .first()
      .waitFor();
    await page.getByText('Delivering. Circuit closed.').waitFor();
    expect(complaints).toEqual([]);
  });

  it('says why a booking is refused, and that the CRM is not notified', async () => {
    const { page } = await open();
    const asBen = await open();
    await asBen.page.getByRole('radio', { name: 'Ben' }).check();
    await buttons(asBen.page, 'Book').last().click();
    await asBen.page.locator('#booking-status', { hasText: 'made in' }).waitFor();
    const full = buttons(page, 'Book').last();
    await page.locator('#sessions li', { has: full, hasText: 'full' }).waitFor();
    await full.click();
    await page.getByText('The session is full. The CRM is not notified.').waitFor();
  });

  it('recovers after the app is killed, and nothing is missing', async () => {
    const { page, complaints } = await open();
    await page.getByRole('radio', { name: 'Ben' }).check();
    await figure(page, 'pending', 0).waitFor();
    const before = await inboxCount();
    await press(page, 'Down', /refuses connections/);
    const ids = [await book(page), await book(page)];
    await press(page, 'Kill it with SIGKILL', /was killed with SIGKILL/);
    await page.getByText('The app process was killed; the supervisor starts it again.').waitFor();
    const pid = Number(await demo.supervisor.printed(/The booking app is back, pid (\d+)/));
    programs.watch(pid);
    await page
      .locator('#switch-status', { hasText: `Process ${demo.app.pid} was killed; ${pid} took its place` })
      .waitFor();
    expect(pid).not.toBe(demo.app.pid);
    expect(await page.getByRole('radio', { name: 'Ben' }).isChecked()).toBe(true);
    await figure(page, 'pending', 2).waitFor();
    await page.getByText('2 from before the restart.').waitFor();

    await press(page, 'Up', /responds normally/);
    await inboxEntry(page, before + 2).waitFor();
    expect(await newest(page, 2)).toEqual(ids.map((id) => `Booking ${id} created`));
    await page.locator('#steps li[data-done=true]', { hasText: 'Kill the app' }).waitFor();
    expect(complaints.filter((complaint) => !UNANSWERED.test(complaint))).toEqual([]);
  });

  it('can be used by keyboard alone: a button keeps the focus when its action changes', async () => {
    const { page } = await open();
    await buttons(page, 'Book').first().focus();
    const rowOf = (): Promise<string> => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? '');
    const session = (await rowOf()).replace('Book ', '');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: `Cancel ${session}` }).waitFor();
    expect(await rowOf()).toBe(`Cancel ${session}`);
    await page.keyboard.press('Space');
    await page.getByRole('button', { name: `Reactivate ${session}` }).waitFor();
    expect(await rowOf()).toBe(`Reactivate ${session}`);
  });

  it.each(['light', 'dark'] as const)('passes axe in the %s scheme', async (colorScheme) => {
    const { page } = await open({ colorScheme });
    await press(page, 'Down', /refuses connections/);
    await book(page);
    await page.getByText('Paused: the CRM cannot be reached').waitFor();
    const paused = await axeViolations(page);
    await press(page, 'Up', /responds normally/);
    await figure(page, 'pending', 0).waitFor();
    await page.getByText('Delivering. Circuit closed.').waitFor();
    const delivering = await axeViolations(page);
    expect([...paused, ...delivering].map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);
  });

  it('fits a phone, in one column and the same order', async () => {
    const { page } = await open({ width: 390, height: 844 });
    const widths = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
    expect(widths).toEqual([390, 390]);
    const tops = [];
    for (const name of ['Booking app', 'Outbox', 'CRM inbox']) {
      tops.push((await page.getByRole('region', { name, exact: true }).boundingBox())?.y ?? 0);
    }
    expect(tops).toEqual(tops.toSorted((a, b) => a - b));
    expect(new Set(tops).size).toBe(3);
  });
});
