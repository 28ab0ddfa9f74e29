import type { Page } from 'playwright-core';
import { axeViolations } from '../axe-violations.js';

/** All rows are alike, and axe-core is slow. */
const excluded = ['tbody tr:nth-child(n+4)', '#dead-list > li:nth-child(n+4)'];

/** axe-core must find nothing serious or critical, on the whole page or in the parts with these selectors. */
export async function expectAccessible(page: Page, ...parts: readonly string[]): Promise<void> {
  // It cannot tell the contrast of a text on a gradient, as the shadow is at the edge of what can be scrolled.
  await page.evaluate(() => {
    for (const region of document.querySelectorAll<HTMLElement>('.scroll')) region.style.backgroundImage = 'none';
  });
  const violations = await axeViolations(page, { excluded, parts });
  const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  expect(grave.map(({ id, nodes }) => [id, nodes.map(({ html, failureSummary }) => [html, failureSummary])])).toEqual(
    [],
  );
}

/** The same in both colour schemes, one after the other. */
export async function expectAccessibleInBoth(page: Page, ...parts: readonly string[]): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    // Colours that are on their way from one scheme to the other are neither's.
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await expectAccessible(page, ...parts);
  }
}
