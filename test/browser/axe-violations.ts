import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';

type Violations = Awaited<ReturnType<AxeBuilder['analyze']>>['violations'];

/** What axe-core finds wrong with a page, but for what the selectors match. */
export async function axeViolations(page: Page, ...excluded: readonly string[]): Promise<Violations> {
  // Without a second page in which to collect the results: that is for frames of other origins, and takes longer.
  const axe = new AxeBuilder({ page }).setLegacyMode();
  for (const selector of excluded) axe.exclude(selector);
  return (await axe.analyze()).violations;
}
