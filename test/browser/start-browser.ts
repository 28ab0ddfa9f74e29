import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

const shell = '/usr/bin/chromium-headless-shell';

/** See .ci/install-chromium.mjs. */
export const executablePath =
  process.env['CHROMIUM_PATH'] ?? [shell, '/usr/bin/chromium'].find((path) => existsSync(path)) ?? shell;

/**
 * Without a sandbox, because root cannot have one, without requests to other machines, and with grey edges of letters, which
 * stay as they are when something moves above them.
 */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-lcd-text',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
