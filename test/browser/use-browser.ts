import { existsSync } from 'node:fs';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { executablePath, startBrowser } from './start-browser.js';

/** `describe` if there is a browser (see .ci/install-chromium.mjs), else `describe.skip`. */
export const describeInBrowser = existsSync(executablePath) ? describe : describe.skip;

export interface PageSetting {
  /** In pixels. @default 1440 */
  readonly width?: number;
  /** In pixels. @default 900 */
  readonly height?: number;
  /** @default 'light' */
  readonly colorScheme?: 'light' | 'dark';
}

/** A page, and what went wrong on it. */
export interface WatchedPage {
  readonly page: Page;
  /** Console errors and exceptions, including violations of the Content-Security-Policy. */
  readonly complaints: readonly string[];
}

/** One real browser for all tests of a file. Each page is closed after its test. */
export function useBrowser(): (setting?: PageSetting) => Promise<WatchedPage> {
  let browser: Browser;
  const contexts: BrowserContext[] = [];
  beforeAll(async () => {
    browser = await startBrowser();
  }, 60_000);
  afterEach(async () => {
    await Promise.all(contexts.splice(0).map((context) => context.close()));
  });
  afterAll(async () => {
    await browser.close();
  });
  return async ({ width = 1440, height = 900, colorScheme = 'light' } = {}) => {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme });
    contexts.push(context);
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    return { page, complaints };
  };
}
