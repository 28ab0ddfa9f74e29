// The browser that the tests of the pages drive: Debian's Chromium without a window of its own, which needs a third less of the
// processor. Installs it where it is missing and may be installed; elsewhere says what is missing, and those tests are skipped.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

// The same as in test/browser/start-browser.ts.
const shell = '/usr/bin/chromium-headless-shell';
const places = process.env.CHROMIUM_PATH === undefined ? [shell, '/usr/bin/chromium'] : [process.env.CHROMIUM_PATH];
const isDebian = existsSync('/etc/debian_version') && existsSync('/usr/bin/apt-get');
const mayInstall = isDebian && process.getuid?.() === 0;

if (mayInstall && places.includes(shell)) {
  if (!existsSync(shell)) install();
} else if (!places.some((place) => existsSync(place)))
  console.log(`No Chromium at ${places[0]}: the tests of the pages are skipped. Install one, or set CHROMIUM_PATH.`);

function install() {
  console.log('Installing Chromium for the tests of the pages (apt-get, half a minute) …');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [
    ['-qq', 'update'],
    ['-qq', '-y', '--no-install-recommends', 'install', 'chromium-headless-shell', 'fonts-dejavu-core'],
  ]) {
    const { status, stdout, stderr } = spawnSync('apt-get', args, { env, encoding: 'utf8' });
    if (status === 0) continue;
    console.error(stdout + stderr);
    console.error(`apt-get ${args.join(' ')} failed. Install Chromium by hand, or set CHROMIUM_PATH.`);
    process.exit(1);
  }
}
