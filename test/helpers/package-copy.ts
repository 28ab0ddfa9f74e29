import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import type * as Package from '../../src/index.js';

const root = join(__dirname, '../..');

/**
 * Compiles a second copy of this package into an empty directory and loads it: an app has one when a dependency brings the
 * package too. `contract` makes it a copy of another version, whose hooks and notifiers share something else.
 */
export function loadPackageCopy(directory: string, contract?: string): typeof Package {
  const { outputFiles } = buildSync({
    absWorkingDir: root,
    entryPoints: ['src/index.ts'],
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'cjs',
    write: false,
  });
  const ours = outputFiles[0]!.text;
  const contractLine = /^(var contract = )"\d+";$/m;
  if (!contractLine.test(ours)) throw new Error('the copy does not say its contract');
  const file = join(directory, 'copy.cjs');
  writeFileSync(file, contract === undefined ? ours : ours.replace(contractLine, `$1"${contract}";`));
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- It is there only now, and CommonJS.
  return require(file) as typeof Package;
}
