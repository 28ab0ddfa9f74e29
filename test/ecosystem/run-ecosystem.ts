/** The ecosystem tests by hand: see `usage`, or docs/compatibility.md. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packInto } from '../package/pack-into.js';

const usage = `Usage: npm run test:ecosystem -- [options]

Packs the package and installs it from the npm registry's side, beside the libraries that apps use, into fresh projects.

  --only NAME    only the tests with this in their titles, such as winston, pnpm or "Express 4.18"

Example: npm run test:ecosystem -- --only mongoose`;

const [option, name, ...more] = process.argv.slice(2);
const isUnderstood = option === undefined || (option === '--only' && name !== undefined && more.length === 0);
if (isUnderstood) await runEcosystem(name);
else {
  console.log(usage);
  process.exitCode = option === '--help' ? 0 : 2;
}

/** Everything is in one temporary directory, which is removed at the end, also after Ctrl-C. */
async function runEcosystem(only: string | undefined): Promise<void> {
  const root = join(import.meta.dirname, '../..');
  const directory = mkdtempSync(join(tmpdir(), 'ecosystem-'));
  process.once('exit', () => {
    rmSync(directory, { recursive: true, force: true });
  });
  const tarball = await packInto(directory, root);
  const jest = join(root, 'node_modules/jest/bin/jest.js');
  const titles = only === undefined ? [] : ['--testNamePattern', only.replaceAll(/[.+*?()[\]]/g, String.raw`\$&`)];
  const args = [jest, '--rootDir', root, '--testMatch', '**/*.ecosystem.ts', '--testTimeout', '300000', ...titles];
  const env = { ...process.env, ECOSYSTEM_DIRECTORY: directory, ECOSYSTEM_TARBALL: tarball };
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: 'inherit' });
  // jest gets the same Ctrl-C from the terminal and ends; then so does this process.
  const ignore = (): void => undefined;
  process.on('SIGINT', ignore);
  const [code] = (await once(child, 'exit')) as [number | null];
  process.off('SIGINT', ignore);
  process.exitCode = code ?? 1;
}
