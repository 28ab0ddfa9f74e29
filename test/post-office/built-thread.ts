import { join } from 'node:path';
import type * as index from '../../src/index.js';

/** The post office's thread as it is built: in `src` there is none that a worker could run. */
export const builtThreadFile = join(__dirname, '../../dist/cjs/post-office/post-office-thread.js');

/** The package as it is built, whose post office runs in a thread. */
export function builtPackage(): typeof index {
  return jest.requireActual('../../dist/cjs/index.js');
}

/** One of the programs that run the built thread and make trouble when told to. */
export function troubleFile(name: string): string {
  return join(__dirname, '../helpers/programs', `${name}.cjs`);
}
