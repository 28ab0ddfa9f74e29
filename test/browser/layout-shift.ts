import type { Page } from 'playwright-core';

/** Records the page's layout shifts, those right after an input included. Call it before the page opens. */
export async function watchLayoutShift(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const observer = new PerformanceObserver((list) => {
      add(list.getEntries());
    });
    observer.observe({ type: 'layout-shift', buffered: true });
    let sum = 0;
    function add(entries: PerformanceEntryList): void {
      for (const entry of entries) sum += (entry as PerformanceEntry & { readonly value: number }).value;
    }
    Object.assign(window, {
      layoutShift: () => {
        add(observer.takeRecords());
        return sum;
      },
    });
  });
}

/** The sum of all layout shifts so far, each as the Layout Instability API has it. */
export async function layoutShiftOf(page: Page): Promise<number> {
  return page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        // Two frames later whatever has moved was measured.
        requestAnimationFrame(() =>
          requestAnimationFrame(() => {
            resolve((window as unknown as { layoutShift: () => number }).layoutShift());
          }),
        );
      }),
  );
}
