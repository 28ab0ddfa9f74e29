import type { Locator, Page } from 'playwright-core';
import type { Stats } from '../../../src/index.js';

export function letters(page: Page): Locator {
  return page.locator('#dead-list > li');
}

export function letter(page: Page, id: string): Locator {
  return page.locator('.letter-id', { hasText: id });
}

/** The numbers of the page are those of `crm.stats()`. */
export async function expectFigures(page: Page, stats: Stats): Promise<void> {
  for (const name of ['accepted', 'delivered', 'retried', 'rejected', 'unsaved', 'pending', 'dead'] as const) {
    expect([name, await figure(page, name)]).toEqual([name, stats[name]]);
  }
  expect([await figure(page, 'in-flight'), await figure(page, 'observer-failures')]).toEqual([
    stats.inFlight,
    stats.observerFailures,
  ]);
}

export async function figure(page: Page, name: string): Promise<number> {
  return Number((await page.locator(`#figure-${name}`).textContent())!.replaceAll(',', ''));
}

/** On paper nothing can be pressed. */
export async function expectNoControlsInPrint(page: Page): Promise<void> {
  await page.emulateMedia({ media: 'print' });
  const controls = page.locator('button, .button, input').filter({ visible: true });
  expect(await controls.allTextContents()).toEqual([]);
  await page.emulateMedia({ media: null });
}

/** The text of what has the focus. */
export function focused(page: Page): Promise<string> {
  return page.evaluate(() => document.activeElement?.textContent ?? '');
}

/** Whether the page can be scrolled sideways, or down beyond what is on it. */
export function scrollsTooFar(page: Page): Promise<boolean> {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth, scrollHeight, clientHeight, offsetHeight } = document.documentElement;
    return scrollWidth > clientWidth || scrollHeight > Math.max(clientHeight, offsetHeight);
  });
}
