import { setTimeout as pause } from 'node:timers/promises';
import type { Locator, Page } from 'playwright-core';
import { buttons, figure, inboxNote, landed } from './demo-page-actions.js';
import { recordPage } from './record-page.js';

/** For those who watch: between two presses, and before something else begins. */
const SHORT_MS = 350;
const LONG_MS = 1_500;

/**
 * Films the demo's page: bookings reach the CRM, it goes down, what is booked and cancelled meanwhile waits, the app is killed
 * and started again, the CRM comes back, and everything arrives. Returns an animated PNG, and a still of the moment when most waits.
 */
export async function filmDemo(page: Page, url: string): Promise<{ film: Buffer; still: Buffer }> {
  await page.goto(url);
  await figure(page, 'pending', 0).waitFor();
  await inboxNote(page, 0).waitFor();
  await showPointer(page);
  const stop = await recordPage(page);
  const press = async (button: Locator): Promise<void> => {
    await button.hover();
    await pause(SHORT_MS);
    await button.click();
  };
  const mode = (name: string): Locator => page.getByRole('button', { name, exact: true });
  const outcome = (text: string | RegExp): Promise<void> => page.locator('#outcome', { hasText: text }).waitFor();

  await pause(LONG_MS);
  for (let booked = 1; booked <= 2; booked += 1) {
    await press(buttons(page, 'Book').first());
    await outcome(`Booking ${booked} made in`);
  }
  await inboxNote(page, 2).waitFor();
  await landed(page);
  await pause(SHORT_MS);

  await press(mode('Down'));
  await outcome('refuses connections');
  for (let booked = 3; booked <= 5; booked += 1) {
    await press(buttons(page, 'Book').first());
    await outcome(`Booking ${booked} made in`);
  }
  await press(buttons(page, 'Cancel').nth(3));
  await outcome('Booking 4 cancelled in');
  await figure(page, 'pending', 4).waitFor();
  await landed(page);
  const still = await page.screenshot();
  await pause(LONG_MS);

  await press(mode('Kill the app'));
  await outcome(/was killed with SIGKILL/);
  await outcome(/was killed; \d+ took/);
  await figure(page, 'pending', 4).waitFor();
  await pause(LONG_MS);

  await press(mode('Up'));
  await inboxNote(page, 6).waitFor();
  await landed(page);
  await figure(page, 'pending', 0).waitFor();
  return { film: await stop(), still };
}

/** Draws where the mouse is: Chromium leaves it out of its pictures. */
async function showPointer(page: Page): Promise<void> {
  await page.evaluate(() => {
    const pointer = document.body.appendChild(document.createElement('div'));
    Object.assign(pointer.style, {
      position: 'fixed',
      zIndex: '9',
      width: '18px',
      height: '18px',
      margin: '-9px 0 0 -9px',
      border: '2px solid #fff',
      borderRadius: '50%',
      background: '#d9480fcc',
      pointerEvents: 'none',
      transition: 'left 250ms, top 250ms',
    });
    addEventListener('mousemove', ({ clientX, clientY }) => {
      Object.assign(pointer.style, { left: `${String(clientX)}px`, top: `${String(clientY)}px` });
    });
  });
}
