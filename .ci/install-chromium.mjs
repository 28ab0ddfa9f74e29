// The browser that the tests of the pages drive: Debian's Chromium. Installs it where it is missing and may be installed;
// elsewhere says what is missing, and those tests are skipped.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const chromium = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';

if (!existsSync(chromium)) {
  const isDebian = existsSync('/etc/debian_version') && existsSync('/usr/bin/apt-get');
  if (isDebian && process.getuid?.() === 0) install();
  else
    console.log(`No Chromium at ${chromium}: the tests of the pages are skipped. Install one, or set CHROMIUM_PATH.`);
}

function install() {
  console.log('Installing Chromium for the tests of the pages (apt-get, about a minute) …');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [
    ['-qq', 'update'],
    ['-qq', '-y', '--no-install-recommends', 'install', 'chromium', 'fonts-dejavu-core'],
  ]) {
    const { status, stdout, stderr } = spawnSync('apt-get', args, { env, encoding: 'utf8' });
    if (status === 0) continue;
    console.error(stdout + stderr);
    console.error(`apt-get ${args.join(' ')} failed. Install Chromium by hand, or set CHROMIUM_PATH.`);
    process.exit(1);
  }
}
