import { inbox } from '../demo-app/crm-inbox.js';
import {
  book,
  buttons,
  changeBooking,
  figure,
  inboxNote,
  killApp,
  landed,
  lanes,
  newest,
  press,
  rowOf,
  stepDone,
  watchFlights,
} from './demo-page-actions.js';
import { describeInBrowser } from './use-browser.js';
import { useDemoPage } from './use-demo-page.js';

jest.setTimeout(120_000);

describeInBrowser("the demo's page", () => {
  const demoPage = useDemoPage();

  it('moves a booking from the app through the outbox to the CRM', async () => {
    const { page, complaints } = await demoPage.open();
    const flights = await watchFlights(page);
    const before = await demoPage.inboxCount();
    const id = await book(page);
    await inboxNote(page, before + 1).waitFor();
    expect(await newest(page, 1)).toEqual([`booking:${id} created`]);
    await figure(page, 'pending', 0).waitFor();
    await rowOf(page, id).getByText('CRM knows').waitFor();
    await stepDone(page, 'Book a session').waitFor();
    await landed(page);
    const routes = (await flights()).join(', ');
    // It is seen in the outbox if the supervisor read that meanwhile.
    expect(routes).toMatch(/^(app outbox: created, outbox crm|app outbox crm): booking:\d+ created$/);
    await page.locator('#flights:empty').waitFor({ state: 'attached' });
    expect(complaints).toEqual([]);
  });

  it('lets nothing fly where motion is to be reduced', async () => {
    const { page } = await demoPage.open({}, (opened) => opened.emulateMedia({ reducedMotion: 'reduce' }));
    const flights = await watchFlights(page);
    const before = await demoPage.inboxCount();
    await book(page);
    await inboxNote(page, before + 1).waitFor();
    await page.locator('#inbox .entry .token').first().waitFor();
    expect(await flights()).toEqual([]);
    expect(
      await page
        .locator('#inbox li')
        .first()
        .evaluate((row) => getComputedStyle(row).transitionDuration),
    ).toBe('0s');
  });

  it('books quickly while the CRM is down, and shows that all arrive in order afterwards', async () => {
    const { page, complaints } = await demoPage.open();
    const before = await demoPage.inboxCount();
    await press(page, 'Down', /refuses connections/);
    await page.getByText('The CRM is down. Book something: it still succeeds.').waitFor();

    const ids: number[] = [];
    for (let count = 0; count < 3; count += 1) ids.push(await book(page));
    expect(await page.locator('#outcome').textContent()).toMatch(/ in \d{1,3} ms\.$/);
    await figure(page, 'pending', 3).waitFor();
    expect(await lanes(page)).toEqual(ids.map((id) => `booking:${id}created`));
    for (const id of ids) await rowOf(page, id).getByText('waiting', { exact: true }).waitFor();
    await page.getByText('Paused: the CRM cannot be reached (ECONNREFUSED)').waitFor();
    await stepDone(page, 'Take the CRM down').waitFor();
    // What cannot be sent is no retry.
    await page.locator('#figure-unsent', { hasText: /^[1-9]/ }).waitFor();
    await figure(page, 'retried', 0).waitFor();

    const flights = await watchFlights(page);
    await press(page, 'Up', /responds normally/);
    await inboxNote(page, before + 3).waitFor();
    expect(await newest(page, 3)).toEqual(ids.map((id) => `booking:${id} created`));
    expect(await page.locator('#inbox li', { hasText: 'first attempt' }).count()).toBe(before + 3);
    await landed(page);
    expect(await flights()).toEqual(ids.map((id) => `outbox crm: booking:${id} created`));
    await figure(page, 'pending', 0).waitFor();
    await stepDone(page, 'Bring the CRM back up').waitFor();
    expect((await inbox(demoPage.demo.crm.url)).slice(-3).map(({ booking_id }) => booking_id)).toEqual(ids);
    expect(complaints).toEqual([]);
  });

  it('keeps the changes of one booking in order', async () => {
    const { page, complaints } = await demoPage.open();
    const id = await book(page);
    await rowOf(page, id).getByText('CRM knows').waitFor();
    const before = await demoPage.inboxCount();
    await press(page, 'Down', /refuses connections/);
    expect(await changeBooking(page, id, 'cancelled')).toBe(id);
    expect(await changeBooking(page, id, 'reactivated')).toBe(id);
    await figure(page, 'pending', 2).waitFor();
    expect(await page.locator('#lanes .token').allTextContents()).toEqual(['cancelled', 'reactivated']);
    expect(await page.locator('#lanes .lane').allTextContents()).toEqual([`booking:${id}`]);

    await press(page, 'Up', /responds normally/);
    await inboxNote(page, before + 2).waitFor();
    expect(await newest(page, 2)).toEqual([`booking:${id} cancelled`, `booking:${id} reactivated`]);
    expect(complaints).toEqual([]);
  });

  it('shows the pause of a rejected token, the attempts that it cost, and its end', async () => {
    const { page, complaints } = await demoPage.open();
    const before = await demoPage.inboxCount();
    await press(page, 'Rejecting the token', /responds 401/);
    await book(page);
    await page.getByText('Paused: the CRM rejects the token (401)').waitFor();
    await page.getByText(/The CRM rejects the token\. 1 notification waits .*, until the token is fixed\./).waitFor();
    await page.locator('#lanes .token', { hasText: /^created, \d+ attempts?$/ }).waitFor();

    await press(page, 'Up', /responds normally/);
    await inboxNote(page, before + 1).waitFor();
    await page.locator('#inbox li', { hasText: /after \d+ failed attempts?/ }).waitFor();
    await page.getByText('Delivering. Circuit closed.').waitFor();
    expect(complaints).toEqual([]);
  });

  it('edits an event as its facilitator, and shows that it arrives', async () => {
    const { page, complaints } = await demoPage.open();
    const before = await demoPage.inboxCount();
    await page.getByRole('radio', { name: 'Fay' }).check();
    const title = page.getByRole('textbox', { name: 'Title of event 2' });
    await title.fill('Autumn Festival');
    // What arrives meanwhile does not replace what is being typed.
    const other = await demoPage.open();
    await book(other.page);
    await inboxNote(page, before + 1).waitFor();
    expect(await title.inputValue()).toBe('Autumn Festival');
    await title.press('Enter');
    await page.locator('#outcome', { hasText: /^Event 2 updated in \d/ }).waitFor();
    await inboxNote(page, before + 2).waitFor();
    expect(await newest(page, 1)).toEqual(['event:2 updated']);
    await page.getByRole('radio', { name: 'Ada' }).check();
    await other.page.getByRole('radio', { name: 'Fay' }).check();
    expect(await other.page.getByRole('textbox', { name: 'Title of event 2' }).inputValue()).toBe('Autumn Festival');
    expect(complaints).toEqual([]);
  });

  it('lets the CRM reject a booking, keeps it as a dead letter, and redelivers it once the CRM is fixed', async () => {
    const { page, complaints } = await demoPage.open();
    const before = await demoPage.inboxCount();
    expect(await page.getByRole('button', { name: 'Redeliver' }).isDisabled()).toBe(true);
    await press(page, 'Rejecting (422)', /responds 422/);
    const flights = await watchFlights(page);
    const id = await book(page);
    await page.getByText('The CRM rejected 1 notification for good').waitFor();
    expect(await lanes(page)).toEqual([`booking:${id}created: dead letter`]);
    await rowOf(page, id).getByText('rejected', { exact: true }).waitFor();
    await landed(page);
    expect((await flights()).at(-1)).toMatch(/outbox crm outbox: created: dead letter$/);
    expect(await demoPage.inboxCount()).toBe(before);

    await press(page, 'Up', /responds normally/);
    await page.getByText('The CRM is fixed. 1 dead letter left: redeliver it.').waitFor();
    await press(page, 'Redeliver', /1 dead letter pending again/);
    await inboxNote(page, before + 1).waitFor();
    expect(await newest(page, 1)).toEqual([`booking:${id} created`]);
    await rowOf(page, id).getByText('CRM knows').waitFor();
    await stepDone(page, 'Let the CRM reject one').waitFor();
    expect(await lanes(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('shows why a booking is refused, and that the CRM is not notified', async () => {
    const { page } = await demoPage.open();
    const asBen = await demoPage.open();
    await asBen.page.getByRole('radio', { name: 'Ben' }).check();
    await buttons(asBen.page, 'Book').last().click();
    await asBen.page.locator('#outcome', { hasText: 'made in' }).waitFor();
    const full = buttons(page, 'Book').last();
    await page.locator('#sessions li', { has: full, hasText: 'full' }).waitFor();
    await full.click();
    await page.getByText('The session is full. The CRM is not notified.').waitFor();
  });

  it('shows what is in the outbox while the app is dead and after its restart, and nothing is missing', async () => {
    const { page, complaints } = await demoPage.open();
    await page.getByRole('radio', { name: 'Ben' }).check();
    const before = await demoPage.inboxCount();
    await press(page, 'Down', /refuses connections/);
    const ids = [await book(page), await book(page)];
    await figure(page, 'pending', 2).waitFor();
    const waiting = ids.map((id) => `booking:${id}created`);
    expect(await lanes(page)).toEqual(waiting);

    const killed = await killApp(page);
    await page.getByText('The app process was killed; the supervisor starts it again.').waitFor();
    // While the supervisor stands still, the app stays dead.
    process.kill(demoPage.demo.supervisor.pid, 'SIGSTOP');
    try {
      expect(await page.locator('#apps').textContent()).toBe('The app is not running');
      expect(await page.getByRole('button', { name: 'Kill the app' }).isDisabled()).toBe(true);
      expect(await lanes(page)).toEqual(waiting);
      await page.getByText('Nothing is delivered while the app does not run.').waitFor();
    } finally {
      process.kill(demoPage.demo.supervisor.pid, 'SIGCONT');
    }
    const pid = await demoPage.successorOf(page, killed);
    expect(pid).not.toBe(killed);
    expect(await page.getByRole('button', { name: 'Kill the app' }).isEnabled()).toBe(true);
    expect(await page.getByRole('radio', { name: 'Ben' }).isChecked()).toBe(true);
    expect(await lanes(page)).toEqual(waiting);
    await page.getByText(`The app is back as process ${pid}. The CRM is down. 2 notifications wait`).waitFor();

    await press(page, 'Up', /responds normally/);
    await inboxNote(page, before + 2).waitFor();
    expect(await newest(page, 2)).toEqual(ids.map((id) => `booking:${id} created`));
    await stepDone(page, 'Kill the app').waitFor();
    expect(complaints).toEqual([]);
  });

  it('can be used by keyboard alone: a button keeps the focus when its action changes', async () => {
    const { page } = await demoPage.open();
    await buttons(page, 'Book').first().focus();
    const focused = (): Promise<string> =>
      page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? '');
    const session = (await focused()).replace('Book ', '');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: `Cancel ${session}` }).waitFor();
    expect(await focused()).toBe(`Cancel ${session}`);
    await page.keyboard.press('Space');
    await page.getByRole('button', { name: `Reactivate ${session}` }).waitFor();
    expect(await focused()).toBe(`Reactivate ${session}`);
  });
});
