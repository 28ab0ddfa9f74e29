import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';

type Violations = Awaited<ReturnType<AxeBuilder['analyze']>>['violations'];

/** What axe-core finds wrong with a page, or with parts of it, but for what is excluded. Each is a selector. */
export async function axeViolations(
  page: Page,
  { excluded = [], parts = [] }: { readonly excluded?: readonly string[]; readonly parts?: readonly string[] } = {},
): Promise<Violations> {
  // Without a second page in which to collect the results: that is for frames of other origins, and takes longer.
  const axe = new AxeBuilder({ page }).setLegacyMode();
  for (const selector of excluded) axe.exclude(selector);
  for (const selector of parts) axe.include(selector);
  return (await axe.analyze()).violations;
}
