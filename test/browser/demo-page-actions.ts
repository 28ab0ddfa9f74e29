import type { Locator, Page } from 'playwright-core';

/** The buttons of all sessions, such as "Book Yoga Class, Tue 1 Dec, 07:30". */
export function buttons(page: Page, action: 'Book' | 'Cancel' | 'Reactivate'): Locator {
  return page.getByRole('button', { name: new RegExp(`^${action} `) });
}

/** The inbox's note, once this many have arrived. */
export function inboxNote(page: Page, count: number): Locator {
  const text = count === 0 ? 'Nothing has arrived yet' : `${count} notification${count === 1 ? '' : 's'} arrived`;
  return page.locator('#inbox-note', { hasText: new RegExp(`^${text}`) });
}

export function figure(page: Page, name: string, value: number): Locator {
  return page.locator(`#figure-${name}`, { hasText: new RegExp(`^${value}$`) });
}

export async function press(page: Page, name: string, outcome: RegExp): Promise<void> {
  await page.getByRole('button', { name, exact: true }).click();
  await page.locator('#outcome', { hasText: outcome }).waitFor();
}

/** Presses the button, and returns the booking's id once the page shows the outcome. */
export async function change(page: Page, button: Locator, done: 'made' | 'cancelled' | 'reactivated'): Promise<number> {
  const responded = page.waitForResponse((response) => response.url().includes('/bookings'));
  await button.click();
  const { booking } = (await (await responded).json()) as { booking: { id: number } };
  await page.locator('#outcome', { hasText: `Booking ${booking.id} ${done} in` }).waitFor();
  return booking.id;
}

export function book(page: Page): Promise<number> {
  return change(page, buttons(page, 'Book').first(), 'made');
}

/** Presses the row's button once it offers this: until the page hears of the last change, it still offers that. */
export function changeBooking(page: Page, bookingId: number, done: 'cancelled' | 'reactivated'): Promise<number> {
  const name = done === 'cancelled' ? /^Cancel / : /^Reactivate /;
  return change(page, rowOf(page, bookingId).getByRole('button', { name }), done);
}

export function rowOf(page: Page, bookingId: number): Locator {
  return page.locator('#sessions li', { hasText: new RegExp(`booking ${bookingId} `) });
}

export function stepDone(page: Page, title: string): Locator {
  return page.locator('#steps li[data-done=true]', { hasText: title });
}

/** The texts of the lanes, in order. */
export function lanes(page: Page): Promise<string[]> {
  return page.locator('#lanes li').allTextContents();
}

/** The tokens of the newest entries in the page's inbox, oldest first. */
export async function newest(page: Page, count: number): Promise<string[]> {
  return (await page.locator('#inbox .entry .token').allTextContents()).slice(0, count).reverse();
}

/** From now on collects where tokens move, such as `app outbox crm`, with what they say. */
export async function watchFlights(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(() => {
    const flown: string[] = [];
    Object.assign(window, { flown });
    new MutationObserver((changes) => {
      for (const { addedNodes } of changes)
        for (const node of addedNodes) flown.push(`${(node as HTMLElement).dataset['route']}: ${node.textContent}`);
    }).observe(document.querySelector('#flights')!, { childList: true });
  });
  return () => page.evaluate(() => (window as unknown as { flown: string[] }).flown);
}

/** Resolves once every token is where it belongs. */
export async function landed(page: Page): Promise<void> {
  await page.waitForFunction(() => document.querySelector('.token.in-flight') === null);
}

export async function killApp(page: Page): Promise<number> {
  const before = await appPid(page);
  await press(page, 'Kill the app', new RegExp(`Process ${before} was killed with SIGKILL`));
  return before;
}

export async function appPid(page: Page): Promise<number> {
  return Number(/Process (\d+)/.exec((await page.locator('#apps li').textContent()) ?? '')?.[1]);
}
