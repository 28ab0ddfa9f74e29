// Takes the pictures of the README, of the demo as it runs: npm run screenshots

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { createPrograms } from '../demo-app/programs.js';
import { startDemo } from '../demo-app/started-demo.js';
import { startBrowser } from './use-browser.js';

const directory = join(__dirname, '../../docs/screenshots');
const size = { width: 1440, height: 900 };

async function takeScreenshots(): Promise<void> {
  mkdirSync(directory, { recursive: true });
  const programs = createPrograms();
  const browser = await startBrowser();
  try {
    const { app } = await startDemo(programs);
    const page = await browser.newPage({
      viewport: size,
      httpCredentials: { username: 'fay', password: 'demo-fay' },
    });
    await page.goto(app.url);
    for (let count = 0; count < 2; count += 1) await book(page);
    await page.locator('#inbox-note', { hasText: '2 notifications arrived' }).waitFor();
    await page.getByRole('button', { name: 'Down' }).click();
    await page.locator('#switch-status', { hasText: 'refuses connections' }).waitFor();
    for (let count = 0; count < 3; count += 1) await book(page);
    await page.locator('#figure-pending', { hasText: '3' }).waitFor();
    await page.getByText('Paused: the CRM cannot be reached').waitFor();
    await take(page, 'demo');

    await page.goto(`${app.url}/dashboard/`);
    await page.getByText('cannot be reached').first().waitFor();
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await take(page, 'dashboard');
  } finally {
    await browser.close();
    await programs.end();
  }
}

async function book(page: Page): Promise<void> {
  const status = page.locator('#booking-status');
  const before = await status.textContent();
  await page
    .getByRole('button', { name: /^Book / })
    .first()
    .click();
  await page.waitForFunction((text) => {
    const now = document.querySelector('#booking-status')?.textContent;
    return now !== text && now?.includes('made in');
  }, before);
}

async function take(page: Page, name: string): Promise<void> {
  const path = join(directory, `${name}.png`);
  await page.screenshot({ path });
  console.log(path);
}

takeScreenshots().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
