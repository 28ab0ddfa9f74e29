// Takes the screenshots for the README from the running demo: npm run screenshots

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { startBrowser } from './start-browser.js';

const directory = join(import.meta.dirname, '../../docs/screenshots');
const dataDirectory = mkdtempSync(join(tmpdir(), 'crm-notifier-screenshots-'));
mkdirSync(directory, { recursive: true });

const demo = spawn('npm', ['run', 'demo'], {
  env: { ...process.env, DEMO_PORT: '0', CRM_PORT: '0', DEMO_DATA_DIR: dataDirectory },
  stdio: ['ignore', 'pipe', 'inherit'],
  // In a process group of its own, so that all of it is stopped at the end.
  detached: true,
});
const browser = await startBrowser();
try {
  const url = await started();
  const page = await browser.newPage({
    viewport: { width: 1440, height: 900 },
    reducedMotion: 'reduce',
    httpCredentials: { username: 'fay', password: 'demo-fay' },
  });
  await photographDemo(page, url);
  await photographDashboard(page);
} finally {
  await browser.close();
  const ended = once(demo, 'exit');
  if (demo.pid !== undefined && demo.exitCode === null) process.kill(-demo.pid, 'SIGINT');
  await ended;
  rmSync(dataDirectory, { recursive: true });
}

/** The page's address, once the demo has printed it. Reads the output to the end, or the demo would block on it. */
function started(): Promise<string> {
  let output = '';
  return new Promise((resolve, reject) => {
    demo.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      const url = /Open (\S+) [^]*Ctrl-C stops both/.exec(output)?.[1];
      if (url !== undefined) resolve(url);
    });
    demo.once('exit', () => {
      reject(new Error(`the demo did not start: ${output}`));
    });
  });
}

async function photographDemo(page: Page, url: string): Promise<void> {
  await page.goto(url);
  for (let count = 0; count < 2; count += 1) await book(page);
  await page.locator('#inbox-note', { hasText: '2 notifications arrived' }).waitFor();
  await page.getByRole('button', { name: 'Down' }).click();
  await page.locator('#outcome', { hasText: 'refuses connections' }).waitFor();
  for (let count = 0; count < 3; count += 1) await book(page);
  await page.locator('#figure-pending', { hasText: '3' }).waitFor();
  await page.getByText('Paused: the CRM cannot be reached').waitFor();
  await photograph(page, 'demo');
}

async function photographDashboard(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Dashboard' }).click();
  await page.getByText('cannot be reached').first().waitFor();
  await photograph(page, 'dashboard');
}

/** Books the next free session, and waits until the page confirms it. */
async function book(page: Page): Promise<void> {
  const status = page.locator('#outcome');
  const before = await status.textContent();
  await page
    .getByRole('button', { name: /^Book / })
    .first()
    .click();
  await status.filter({ hasText: 'made in', hasNotText: before ?? '' }).waitFor();
}

async function photograph(page: Page, name: string): Promise<void> {
  const path = join(directory, `${name}.png`);
  await page.screenshot({ path });
  console.log(path);
}
