// Takes the pictures for the README from the running demo: npm run screenshots

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { buttons, change, figure, press } from './demo-page-actions.js';
import { filmDemo } from './film-demo.js';
import { startBrowser } from './start-browser.js';

const directory = join(import.meta.dirname, '../../docs/screenshots');
const dataDirectory = mkdtempSync(join(tmpdir(), 'crm-notifier-screenshots-'));
/** What a visitor on a phone may be asked to load. */
const maxFilmBytes = 2_000_000;
mkdirSync(directory, { recursive: true });

const demo = spawn('npx', ['tsx', '--tsconfig', 'demo-app/tsconfig.json', 'demo-app/start.ts'], {
  env: { ...process.env, DEMO_PORT: '0', CRM_PORT: '0', DEMO_DATA_DIR: dataDirectory },
  stdio: ['ignore', 'pipe', 'inherit'],
  // In a process group of its own, so that all of it is stopped at the end.
  detached: true,
});
const browser = await startBrowser();
try {
  const url = await started();
  const filmed = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const { film, still } = await filmDemo(await filmed.newPage(), url);
  if (film.length > maxFilmBytes) throw new Error(`the film has ${film.length} bytes: shorten film-demo.ts`);
  write('demo.png', film);
  write('demo-still.png', still);
  const page = await browser.newPage({
    viewport: { width: 1120, height: 800 },
    reducedMotion: 'reduce',
    httpCredentials: { username: 'fay', password: 'demo-fay' },
  });
  await page.goto(url);
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

/** The CRM rejects for a while: two groups of dead letters. */
async function photographDashboard(page: Page): Promise<void> {
  await press(page, 'Rejecting (422)', /./);
  for (let count = 0; count < 4; count += 1) await change(page, buttons(page, 'Book').first(), 'made');
  for (let count = 0; count < 2; count += 1) await change(page, buttons(page, 'Cancel').first(), 'cancelled');
  await figure(page, 'dead', 6).waitFor();
  await page.getByRole('link', { name: 'Dashboard' }).click();
  await page
    .getByRole('button', { name: /^Redeliver one as a test/ })
    .nth(1)
    .waitFor();
  await page.getByText('There are 6 dead letters').first().waitFor();
  // Up to the list of letters.
  write('dashboard.png', await page.screenshot({ clip: { x: 0, y: 0, width: 1120, height: 684 } }));
}

function write(name: string, picture: Buffer): void {
  const path = join(directory, name);
  writeFileSync(path, picture);
  console.log(`${path}: ${picture.length.toLocaleString('en')} bytes`);
}
